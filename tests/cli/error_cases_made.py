"""Options of generated sequences that do not go together, and data that cannot be made."""

from __future__ import annotations

from error_cases import Case, changed

MADE: list[Case] = [
    *(changed(f"data={data}") for data in (
        "{recall: {pairs: 5, keys: 3}}", "{reversal: {min_length: 6, max_length: 3}}",
        "{dates: {first_year: 2020, last_year: 2010}}", "{brackets: {pairs: 0}}", "{brackets: {kinds: 5}}",
        "{temporal_order: {marks: 4}}", "{reber: {longest: 5}}", "{running_parity: {modulo: 1}}",
        "{copy_memory: {score: every}}", "{recall: {distractors: letters}}", "{both_sides: {rate: 1.5}}",
        "{adding: 1}", "{modular_addition: {p: 1}}",
    )),
    *(changed(f"data={data}", line="train my.yaml --no-save -q") for data in (
        "{reversal: {symbols: 2, min_length: 1, max_length: 3, samples: 20}}",
        "{sorting: {symbols: 3, min_length: 2, max_length: 2, samples: 10}}",
        "{dates: {samples: 400, first_year: 2001, last_year: 2001}}",
    )),
    changed("data={modular_addition: {p: 7, only: ['3', '3']}}", line="train my.yaml --no-save -q"),
    changed("data={reber: {only: [B, T]}}", line="train my.yaml --no-save -q"),
    changed("data={recall: {standardise: true}}", line="train my.yaml --no-save -q"),
    changed("data={recall: {reconstruct: true}}", line="train my.yaml --no-save -q"),
]  # fmt: skip
