"""The rows that bring a batch in: its rows of the data set, inputs, targets, and what comes beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dllab.plan import gather
from dllab.plan.augmented import Feed
from dllab.plan.bucket import bucket
from dllab.plan.builder import Builder
from dllab.symbols import (
    BASE_ORDER,
    BATCH_DIM,
    COLUMN,
    CONTINUES,
    DECLARED,
    LENGTHS,
    ORDER,
    TABLE,
    WHOLE_DIM,
    WORK,
    Dim,
    Value,
)

if TYPE_CHECKING:
    from dllab.plan.plan import Column, Question


def shuffle(builder: Builder, question: Question) -> int:
    """The rows in front of every epoch; returns how many they are."""
    if question.shuffle:
        base = Value("base", BASE_ORDER, ("N",), "int64", offset=0)
        order = Value("order", ORDER, ("N",), "int64", offset=0)
        seed, epoch = builder.counter("seed"), builder.counter("epoch")
        builder.row(gather.shuffle, only=0, order=order, base=base, seed=seed, epoch=epoch)
        if question.bucket:
            lengths = Value(LENGTHS, COLUMN + LENGTHS, ("R",), "int32", offset=0)
            size = builder.whole(question.batch)
            builder.row(bucket, only=0, order=order, lengths=lengths, size=size, seed=seed, epoch=epoch)
        builder.barrier()
    return len(builder.rows)


def feed_of(builder: Builder, question: Question) -> Feed | None:
    """What brings the inputs augmented, where the recipe wants that."""
    augmenting, column = question.augmenting, question.inputs
    if augmenting is None:
        return None
    raw = replace(column, scaled=False)
    return Feed(builder, augmenting, column, lambda x, rows: _gather(builder, raw, x, rows))


def inputs(builder: Builder, question: Question, column: Column, feed: Feed | None = None) -> Value:
    """The rows that gather the inputs; those of a feed come from the array in which they end up."""
    order = Value("order", ORDER, ("N",), "int64", offset=0)
    builder.batch = builder.array((BATCH_DIM,), "rows", "int64")
    builder.row(gather.batch_rows, rows=builder.batch, order=order, first=builder.counter("first"))
    if feed is None:
        x = builder.array((BATCH_DIM, *column.shape), "x")
        builder.awaited[id(x)] = lambda: _gather(builder, column, x, builder.batch_rows())
    else:
        x = Value("x", WORK, (BATCH_DIM, *column.shape))
        builder.awaited[id(x)] = lambda: setattr(x, "parent", feed.inputs(builder.batch_rows()))
    builder.all_rows = lambda: _all_rows(builder, column, order, feed)
    x.ids = question.vocabulary or (DECLARED if question.whole else 0)
    builder.named["input"] = x
    _extras(builder, question, x)
    return x


def _extras(builder: Builder, question: Question, x: Value) -> None:
    """What the data bring beside inputs and targets: by rows, gathered; other tables as they are."""
    for column in question.extras:
        width = _product(column.shape)
        whole = column.dtype == "int32" and column.name == LENGTHS
        value = builder.array((BATCH_DIM, *column.shape), column.name, "int32" if whole else "T")
        source = Value(column.name, COLUMN + column.name, ("R", width), column.dtype, offset=0)
        flat = builder.view(value, (BATCH_DIM, width))
        if whole:
            builder.row(gather.gather_labels, y=flat, source=source, rows=builder.batch_rows())
            x.lengths = value
        elif column.name == CONTINUES:
            builder.carry = question.batch
            if builder.carrying:
                builder.row(gather.gather, x=flat, source=source, rows=builder.batch_rows())
                builder.continues = value
        else:
            builder.row(gather.gather, x=flat, source=source, rows=builder.batch_rows())
            value.ids = question.outputs
            builder.named[column.name] = value
    for column in question.tables:
        place = COLUMN + column.name + TABLE
        builder.tables[column.name] = Value(column.name, place, column.shape, column.dtype, offset=0)


def _all_rows(builder: Builder, column: Column, order: Value, feed: Feed | None) -> Value:
    """The whole batch, in every shard."""
    rows = builder.array((WHOLE_DIM,), "all_rows", "int64")
    builder.row(gather.batch_rows, rows=rows, order=order, first=builder.counter("whole"))
    if feed is not None:
        return feed.inputs(rows)
    x = builder.array((WHOLE_DIM, *column.shape), "all")
    _gather(builder, column, x, rows)
    return x


def _gather(builder: Builder, column: Column, x: Value, rows: Value) -> None:
    width = _product(column.shape)
    flat = builder.view(x, (x.shape[0], width))
    source = Value(column.name, COLUMN + column.name, ("R", width), column.dtype, offset=0)
    if column.scaled:
        shift = Value("shift", COLUMN + column.name + ":shift", (width,), offset=0)
        scale = Value("scale", COLUMN + column.name + ":scale", (width,), offset=0)
        builder.row(gather.gather_scaled, x=flat, source=source, rows=rows, shift=shift, scale=scale)
    else:
        builder.row(gather.gather, x=flat, source=source, rows=rows)


def target(builder: Builder, question: Question, output_shape: tuple[Dim, ...], plain: bool = False,
           feed: Feed | None = None) -> Value:  # fmt: skip
    """The rows that gather the targets: labels, values, or shares of classes; the inputs where there are none."""
    column, rows = question.targets, builder.batch_rows()
    if column is None:
        return builder.ready(builder.named["input"])
    mixing = feed if feed is not None and feed.mixes else None
    if column.dtype != "int32":
        given = replace(column, dtype=question.precision, scaled=False) if plain else column
        values = builder.array((BATCH_DIM, *given.shape), "target")
        if mixing is not None:
            mixing.values(values, lambda y, some: _gather(builder, given, y, some), rows)
        else:
            _gather(builder, given, values, rows)
        return values
    source = Value(column.name, COLUMN + column.name, ("R",), "int32", offset=0)
    if question.loss is not None and (question.loss.targets == "values" or mixing is not None):
        shares = builder.array(output_shape, "target")
        if mixing is not None:
            mixing.labels(shares, source, rows)
        else:
            builder.row(gather.gather_one_hot, y=shares, source=source, rows=rows)
        return shares
    labels = builder.array((BATCH_DIM, *column.shape), "target", "int32")
    width = _product(column.shape)
    source = Value(column.name, COLUMN + column.name, ("R", width), "int32", offset=0)
    builder.row(gather.gather_labels, y=builder.view(labels, (BATCH_DIM, width)), source=source, rows=rows)
    if column.gaps:
        count = builder.array((1,), "counted", "int64")
        order = Value("order", ORDER, ("N",), "int64", offset=0)
        whole, batch = builder.counter("whole"), builder.counter("batch")
        builder.row(gather.count_labels, count=count, source=source, order=order, whole=whole, batch=batch)
        labels.counted = builder.view(count, ())
    return labels


def _product(shape: Sequence[Dim]) -> int:
    number = 1
    for size in shape:
        assert isinstance(size, int)
        number *= size
    return number
