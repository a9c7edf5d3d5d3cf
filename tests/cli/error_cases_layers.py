"""Layers of sequences that do not fit what comes in, or what they name."""

from __future__ import annotations

from error_cases import Case, changed, recipe

LETTERS = "{embedding: {size: 9, units: 6, name: letters}}"

LAYERS: list[Case] = [
    *(recipe(f"input: {shape}\nmodel: [{layers}]\n") for shape, layers in (
        ("[7]", "{attention: 2}"), ("[4, 4, 2]", "transformer_block"), ("[7]", "positional"), ("[7]", "last_step"),
        ("[5, 6]", "{attention: 4}"), ("[5, 6]", "{repeat: {times: 2, layers: [transformer_block: 4]}}"),
        ("[7]", f"{LETTERS}, {{attention: {{memory: input}}}}"), ("[5, 6]", "{attention: {memory: decoder}}"),
        ("[5, 6]", "{attention: {memory: encoder}}"), ("[5, 6]", "{attention: {kind: multiplicative}}"),
        ("[7]", f"{LETTERS}, {{dense: 5}}, {{tied_dense: letters}}"),
        ("[5, 6]", "{layer_norm: {name: a}}, {tied_dense: a}"),
        ("[5, 6]", "{tied_dense: input}"), ("[5, 6]", "tied_dense"), ("[7]", "one_hot"),
        ("[5, 6]", "{embedding: {units: 50, size: 9, file: glove10k}}"),
        ("[7]", f"{LETTERS}, {{dense: 5}}, {{one_hot: 5}}"),
        ("[7]", f"{LETTERS}, {{attention: {{memory: leters}}}}"),
        ("[7]", "{one_hot: 5}, {gru: {units: 7, start: encoder}}"),
        ("[7]", "{one_hot: 5}, {gru: {units: 7, start: a}}, {dense: {units: 3, name: a}}"),
        ("[5, 6]", "{gru: {units: 6, return: last, name: encoder}}, {attention: {memory: encoder, from: input}}"),
    )),
    *(changed(f"model=[{layer}, {{dense: classes}}]") for layer in (
        "{embedding: {size: 10, units: 4}}", "{one_hot: 10}", "{skip_gram: {size: 10, units: 4}}")),
    changed("data=names", "model=[{embedding: {size: 20, units: 4}}, {gru: 4}, {dense: classes}]"),
    changed("data=reversal", "model=[{embedding: 4}, {gru: 4}, {one_hot: {size: 10, from: decoder}}, {dense: classes}]"),
    changed("data=reversal", "model=[{embedding: 4}, {attention: {memory: decoder}}, {dense: classes}]"),
    changed("data=reversal", "model=[{embedding: 4}, {gru: {units: 10, start: input}}, {dense: classes}]"),
    changed("data=modular_addition", "model=[{embedding: 4}, {gru: 4}, {one_hot: {size: 97}}, {dense: classes}]"),
    changed("data=reversal", "model=[{embedding: 4}, {gru: {units: 8, name: encoder}}, {embedding: 4}, {gru: 8}]"),
    *(changed("data=kjv", f"model=[{{embedding: {{units: {units}, file: {file}}}}}, {{dense: classes}}]")
      for units, file in ((4, "glove10k"), (2, "none.txt"), (2, "folder"))),
    *(("summary my.yaml data=kjv \"model=[{embedding: {units: 2, file: v.txt}}, {dense: classes}]\"", {"v.txt": text})
      for text in ("", "the 1 2\nof 1\n", "the one two\n")),
]  # fmt: skip
