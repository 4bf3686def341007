"""Passes over memory, counted in programs written by hand and in those of real steps."""

from __future__ import annotations

import pytest
import tensorflow as tf

from optiplug.testing.streams import counted
from optiplug_adam.adam import Adam
from optiplug_sgd.sgd import SGD

PRODUCT = """
%product (p: f32[8], q: f32[8]) -> f32[8] {
  %p = f32[8]{0} parameter(0)
  %q = f32[8]{0} parameter(1)
  ROOT %r = f32[8]{0} multiply(%p, %q)
}
"""
STEP = """
ENTRY %step (v: f32[8], g: f32[8], rate: f32[]) -> (f32[8], f32[8]) {
  %v = f32[8]{0} parameter(0)
  %g = f32[8]{0} parameter(1)
  %rate = f32[] parameter(2)
  LINES
}
"""


def program(*lines, before=PRODUCT):
    return before + STEP.replace("LINES", "\n  ".join(lines))


def told(streams):
    return [(str(each), each.bytes) for each in streams]


def test_a_loop_for_each_result_shares_what_it_reads():
    streams = counted(
        program(
            "%m = f32[8]{0} fusion(%v, %g), kind=kLoop, calls=%product",
            "%n = f32[8]{0} fusion(%m, %g, %rate), kind=kLoop, calls=%product, metadata={op_name='(a)'}",
            "ROOT %t = (f32[8]{0}, /*index=1*/f32[8]{0}) tuple(%m, %n)",
        )
    )
    assert [each for each, _ in told(streams.needed)] == [
        "m reads v",
        "n reads g",
        "n reads rate",
        "m writes m",
        "n writes n",
    ]
    assert told(streams.shared) == [("m reads g", 32), ("n reads m", 32)]
    assert streams.extra == []


def test_a_value_between_two_loops_is_extra():
    streams = counted(
        program(
            "%square = f32[8]{0} fusion(%g, %g), kind=kLoop, calls=%product",
            "%m = f32[8]{0} fusion(%v, %square), kind=kLoop, calls=%product",
            "ROOT %t = (f32[8]{0}) tuple(%m)",
        )
    )
    assert [each for each, _ in told(streams.extra)] == ["square writes square", "m reads square"]


def test_a_sum_reads_once_more_what_a_result_reads():
    streams = counted(
        program(
            "%sum = f32[] reduce(%g, %rate), dimensions={0}, to_apply=%add",
            "%m = f32[8]{0} fusion(%g, %sum), kind=kLoop, calls=%product",
            "ROOT %t = (f32[8]{0}) tuple(%m)",
        )
    )
    assert ("sum reads g", 32) in told(streams.extra)
    assert ("m reads g", 32) in told(streams.needed)


def test_a_copy_counts_twice():
    streams = counted(
        program(
            "%old = f32[8]{0} copy(%v)",
            "%m = f32[8]{0} fusion(%old, %g), kind=kLoop, calls=%product",
            "ROOT %t = (f32[8]{0}) tuple(%m)",
        )
    )
    assert told(streams.extra) == [("old writes old", 32), ("m reads old", 32)]


def test_names_of_one_buffer_are_one_buffer():
    streams = counted(
        program(
            "%flat = f32[2,4]{1,0} bitcast(%v)",
            "%both = (f32[8]{0}, f32[8]{0}) fusion(%flat, %g), kind=kLoop, calls=%product",
            "%m = f32[8]{0} get-tuple-element(%both), index=0",
            "%n = f32[8]{0} get-tuple-element(%both), index=1",
            "ROOT %t = (f32[8]{0}, f32[8]{0}) tuple(%m, %n)",
            before=PRODUCT.replace("ROOT %r = f32[8]{0} m", "%x = f32[8]{0} m").replace(
                "(%p, %q)", "(%p, %q)\n  ROOT %r = (f32[8]{0}, f32[8]{0}) tuple(%x, %q)"
            ),
        )
    )
    assert told(streams.all) == [
        ("both reads v", 32),
        ("both reads g", 32),
        ("both writes both{0}", 32),
        ("both writes both{1}", 32),
    ]
    assert streams.shared == streams.extra == []


def test_an_input_handed_back_is_not_written():
    streams = counted(program("ROOT %t = (f32[8]{0}, f32[8]{0}) tuple(%v, %g)"))
    assert list(streams.all) == []


def test_of_a_slice_its_elements_count():
    slicing = PRODUCT.replace("f32[8]{0} parameter(1)", "f32[8]{0} parameter(1)\n  %s = f32[2]{0} slice(%q)")
    streams = counted(
        program(
            "%m = f32[8]{0} fusion(%v, %g), kind=kLoop, calls=%product",
            "%n = f32[8]{0} dynamic-update-slice(%m, %m, %rate)",
            "ROOT %t = (f32[8]{0}) tuple(%n)",
            before=slicing.replace("(%p, %q)\n}", "(%p, %s)\n}"),
        )
    )
    assert ("m reads g", 8) in told(streams.all)


def test_a_part_is_updated_in_place():
    streams = counted(
        program(
            "%part = f32[2]{0} slice(%g)",
            "%m = f32[8]{0} dynamic-update-slice(%v, %part, %rate)",
            "ROOT %t = (f32[8]{0}) tuple(%m)",
        )
    )
    assert told(streams.all)[:4] == [
        ("part reads g", 8),
        ("part writes part", 8),
        ("m reads v", 0),
        ("m reads part", 8),
    ]
    assert ("m writes m", 8) in told(streams.all)


@pytest.mark.parametrize(("rounds", "bytes"), [('"known_trip_count":{"n":"5"}', 160), ("", 32)])
def test_what_is_in_a_loop_counts_in_each_round(rounds, bytes):
    streams = counted(
        program(
            "%all = (f32[8]{0}, f32[8]{0}) tuple(%v, %g)",
            f"%w = (f32[8]{{0}}) while(%all), condition=%c, body=%product, backend_config={{{rounds}}}",
            "ROOT %t = f32[8]{0} get-tuple-element(%w), index=0",
        )
    )
    assert [each.bytes for each in streams.all] == [bytes] * 3
    assert [str(each) for each in streams.extra] == ["r reads p", "r reads q", "r writes r"]


@pytest.mark.parametrize(
    ("dtype", "size"), [("pred", 8), ("bf16", 16), ("f8e4m3fn", 8), ("c128", 128), ("s64", 64)]
)
def test_bytes_of_each_dtype(dtype, size):
    text = program("%m = f32[8]{0} negate(%v)", "ROOT %t = (f32[8]{0}) tuple(%m)")
    streams = counted(text.replace("f32[8]", f"{dtype}[8]"))
    assert [each.bytes for each in streams.all] == [size, size]


def passes(optimizer):
    variable = tf.Variable(tf.ones([256, 256]))
    optimizer.build([variable])
    streams = counted(optimizer.compiled_program())
    return [
        round(sum(each.bytes for each in some) / (4 * 256 * 256))
        for some in (streams.needed, streams.shared, streams.extra)
    ]


def test_passes_of_real_steps():
    assert passes(SGD(0.1)) == [3, 0, 0]
    assert passes(SGD(0.1, momentum=0.9)) == [5, 1, 0]
    assert passes(Adam(0.1)) == [7, 3, 0]
    assert passes(Adam(0.1, global_clipnorm=1.0)) == [7, 3, 1]
