"""Which loop an instruction leaves: ``break`` and ``return`` take its iterator off the interpreter's stack, without a frame or a call.

What the iterator's end takes in C then stands at that instruction, which looks like any other that throws a value away. That it is the
iterator follows from the instructions alone: the stack is gone through from the loop's beginning, to see what lies on its top. What only an
exception leads to, such as a ``break`` in an ``except``, is not found.
"""

from __future__ import annotations

import dis
import types
from typing import Final

TAKES_OFF: Final = frozenset(dis.opmap[name] for name in ("POP_TOP", "POP_ITER") if name in dis.opmap)
"""Instructions that throw the topmost value away."""

MAX_INSTRUCTIONS: Final = 4000
"""Of code with more nothing is said."""

_MAX_KNOWN: Final = 1 << 10

_ENDS: Final = frozenset(("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE"))
_JUMPS: Final = frozenset(("JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"))
_EXCHANGES: Final = {"ROT_TWO": 2}

_KNOWN: Final[dict[tuple[str, int, str, int, int], frozenset[int]]] = {}
"""By the place of the code, its length and the instruction; no code is held."""


def loops_left_at(code: types.CodeType, at: int) -> frozenset[int]:
    """Returns the lines of the loops whose iterators an instruction takes off the stack.

    Args:
        code: What has the instruction.
        at: Where that is, in bytes.
    """
    key = (code.co_filename, code.co_firstlineno, code.co_name, len(code.co_code), at)
    known = _KNOWN.get(key)
    if known is None:
        if len(_KNOWN) >= _MAX_KNOWN:
            _KNOWN.clear()
        try:
            known = frozenset(_lines_left_at(code, at))
        except ValueError:  # an instruction that this Python's dis knows no more of than its name
            known = frozenset()
        _KNOWN[key] = known
    return known


def _lines_left_at(code: types.CodeType, at: int) -> list[int]:
    if len(code.co_code) > 2 * MAX_INSTRUCTIONS:
        return []
    instructions = list(dis.get_instructions(code))
    index = {instruction.offset: number for number, instruction in enumerate(instructions)}
    lines = _lines_by_offset(code)
    return [
        lines.get(instruction.offset, 0)
        for number, instruction in enumerate(instructions)
        if instruction.opname == "FOR_ITER" and at in _where_taken_off(instructions, index, number)
    ]


def _where_taken_off(instructions: list[dis.Instruction], index: dict[int, int], loop: int) -> set[int]:
    """Returns where the iterator of a loop is taken off; the stack counts from it, which is at 1."""
    found: set[int] = set()
    # The instruction, how deep the stack is there, and at which depth the iterator lies.
    waiting = [(loop + 1, 1 + dis.stack_effect(instructions[loop].opcode, instructions[loop].arg, jump=False), 1)]
    seen = set()
    while waiting:
        number, depth, iterator = waiting.pop()
        if number >= len(instructions) or (number, depth, iterator) in seen or number == loop:
            continue
        seen.add((number, depth, iterator))
        instruction = instructions[number]
        if instruction.opcode in TAKES_OFF and depth == iterator:
            found.add(instruction.offset)
            continue
        exchanged = (instruction.arg or 0) if instruction.opname == "SWAP" else _EXCHANGES.get(instruction.opname, 0)
        if exchanged:
            other = depth - exchanged + 1
            iterator = other if iterator == depth else depth if iterator == other else iterator
        argument = instruction.arg if instruction.opcode >= dis.HAVE_ARGUMENT else None
        jumps = instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs
        if jumps and instruction.argval in index:
            after = depth + dis.stack_effect(instruction.opcode, argument, jump=True)
            if after >= iterator:
                waiting.append((index[instruction.argval], after, iterator))
        if instruction.opname in _ENDS or instruction.opname in _JUMPS:
            continue
        after = depth + dis.stack_effect(instruction.opcode, argument, jump=False)
        if after >= iterator:
            waiting.append((number + 1, after, iterator))
    return found


def _lines_by_offset(code: types.CodeType) -> dict[int, int]:
    return {offset: line or 0 for start, end, line in code.co_lines() for offset in range(start, end, 2)}
