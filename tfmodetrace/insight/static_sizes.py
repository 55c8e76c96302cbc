"""Where a body needs the size of a tensor as a number of Python's: a graph that serves all sizes has ``None`` there."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from tfmodetrace.insight import called_bodies, sources, subtypes, varying
from tfmodetrace.schema import keys

_MAX_DEPTH: Final = 4
"""Bodies through which a tensor is followed."""

_DO_WITH_NONE: Final = frozenset(
    {"set_shape", "ensure_shape", "is_compatible_with", "assert_is_compatible_with", "merge_with", "TensorSpec", "Input"}
    | {"print", "str", "repr", "format", "isinstance", "len", "debug", "info", "warning"}
)
"""Functions that can be given a shape of which not all is known."""

_KEEP_SHAPES: Final = frozenset(
    {"cast", "identity", "convert_to_tensor", "stop_gradient", "relu", "tanh", "sigmoid", "gelu", "exp", "log", "sqrt", "square", "abs"}
)
"""TensorFlow's functions that give a tensor of the shape that they are given."""

_SHAPE_CALLS: Final = frozenset({"as_list", "with_rank", "with_rank_at_least"})


class Tensor(NamedTuple):
    """A tensor whose sizes vary, or what is computed of one.

    Attributes:
        rank: How many dimensions it has.
        dimensions: Those of them that vary.
        computed: Whether both are those of what it is computed of.
    """

    rank: int
    dimensions: frozenset[int]
    computed: bool = False

    def varies(self, index: int) -> bool:
        """Whether one of its sizes may be another one: the first and the last of what is computed mostly stay what they are."""
        if self.computed and index not in (0, -1):
            return True
        return -self.rank <= index < self.rank and index % self.rank in self.dimensions


class Use(NamedTuple):
    """Where a size is needed.

    Attributes:
        code: What stands there.
        file: The file.
        line: The line.
        in_loop: Whether a loop goes over it.
    """

    code: str
    file: str
    line: int
    in_loop: bool


def varying_in(arguments: Sequence[keys.Node]) -> dict[str, Tensor]:
    """Finds the tensors whose sizes differ from trace to trace, by their paths.

    Args:
        arguments: The arguments of some traces.
    """
    shapes: dict[str, list[tuple[int | None, ...]]] = {}
    for node in arguments:
        for name, child in zip(node.names, node.children, strict=False):
            for leaf in varying.leaves(child, name):
                if leaf.node.kind in subtypes.TENSORS and leaf.node.shape is not None:
                    shapes.setdefault(leaf.path, []).append(leaf.node.shape)
    found = {}
    for path, seen in shapes.items():
        rank = len(seen[0])
        if all(len(shape) == rank for shape in seen):
            dimensions = frozenset(number for number in range(rank) if len({shape[number] for shape in seen}) > 1)
            # Where it was not known, the body could do with that.
            known = frozenset(number for number in dimensions if all(shape[number] is not None for shape in seen))
            if known:
                found[path] = Tensor(rank, known)
    return found


def use(function: called_bodies.Written, tensors: Mapping[str, Tensor], bodies: called_bodies.CalledBodies) -> Use | None:
    """Returns where a body, or one that it calls, needs a size that varies; ``None`` if none is known to.

    Args:
        function: Whose body.
        tensors: The tensors whose sizes vary, as the body names them.
        bodies: What it calls.
    """
    return _use(function, tensors, bodies, 0)


def _use(function: called_bodies.Written, tensors: Mapping[str, Tensor], bodies: called_bodies.CalledBodies, depth: int) -> Use | None:
    node = sources.definition(function)
    if node is None or depth > _MAX_DEPTH or not tensors:
        return None
    look = _Look(node, tensors)
    needed = look.needed()
    if needed is not None:
        loops = [part.iter for part in ast.walk(node) if isinstance(part, ast.For | ast.comprehension)]
        in_loop = any(inner is needed for over in loops for inner in ast.walk(over))
        return Use(ast.unparse(needed).partition("\n")[0], function.file, function.line + needed.lineno - 1, in_loop)
    for call in look.calls():
        for callee in bodies.of(function, ast.unparse(call.func)):
            if (found := _use(callee.function, look.handed(call, callee.parameters), bodies, depth + 1)) is not None:
                return found
    return None


class _Look:
    """Looks through one body."""

    def __init__(self, node: ast.FunctionDef | ast.AsyncFunctionDef, tensors: Mapping[str, Tensor]) -> None:
        self._body = [part for statement in node.body for part in ast.walk(statement)]
        self._tensors = dict(tensors)
        self._shapes: dict[str, Tensor] = {}
        self._parents = {child: parent for parent in self._body for child in ast.iter_child_nodes(parent)}
        self._follow()
        # Where a program asks whether a size is known, it has thought of those that are not.
        self._asked = {
            ast.unparse(part.left)
            for part in self._body
            if isinstance(part, ast.Compare) and isinstance(part.ops[0], ast.Is | ast.IsNot) and _is_none(part.comparators[0])
        }

    def _follow(self) -> None:
        """Learns what the body calls tensors that it computes of those, and their shapes."""
        known = -1
        while known != len(self._tensors) + len(self._shapes):
            known = len(self._tensors) + len(self._shapes)
            for statement in self._body:
                if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
                    continue
                target, value = statement.targets[0], statement.value
                if not isinstance(target, ast.Name):
                    continue
                shape = self._shape(value)
                if shape is not None:
                    self._shapes.setdefault(target.id, shape)
                elif (same := self._tensor(value)) is not None:
                    self._tensors.setdefault(target.id, same)
                elif (made := self._computed(value)) is not None:
                    self._tensors.setdefault(target.id, made)

    def _tensor(self, node: ast.expr) -> Tensor | None:
        return self._tensors.get(ast.unparse(node)) if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) else None

    def _computed(self, node: ast.expr) -> Tensor | None:
        """What a tensor is that an expression computes of those that vary; ``None`` if it may be no tensor, or none of theirs."""
        if isinstance(node, ast.BinOp):
            sides = (node.left, node.right)
            of = [found for side in sides if (found := self._tensor(side) or self._computed(side)) is not None]
            if len(of) == 1 and any(isinstance(side, ast.Constant) for side in sides):
                return of[0]
        elif isinstance(node, ast.Call):
            of = [found for argument in node.args if (found := self._tensor(argument)) is not None]
            name = sources.dotted(node.func)
            if name.rpartition(".")[2] in _KEEP_SHAPES:
                return next(iter(of), None)
            # What TensorFlow reduces, counts or puts together may have any shape.
            of = [] if name.startswith("tf.") else of
        else:
            of = []
        return of[0]._replace(computed=True) if len(of) == 1 else None

    def _shape(self, node: ast.expr) -> Tensor | None:
        """Whose shape an expression is; ``None`` if it is none of a tensor that varies."""
        if isinstance(node, ast.Name):
            return self._shapes.get(node.id)
        if isinstance(node, ast.Attribute) and node.attr == "shape":
            return self._tensor(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "get_shape" and not node.args:
                return self._tensor(node.func.value)
            if node.func.attr in _SHAPE_CALLS:
                return self._shape(node.func.value)
            if node.func.attr == "int_shape" and node.args:
                return self._tensor(node.args[0])
        return None

    def needed(self) -> ast.expr | None:
        """Returns what needs a size that varies."""
        for part in self._body:
            if not isinstance(part, ast.expr):
                continue
            shape = self._shape(part)
            if shape is not None and (needed := self._needed_of(part, shape)) is not None:
                return needed
            if (needed := self._goes_through(part)) is not None:
                return needed
        return None

    def _needed_of(self, node: ast.expr, shape: Tensor) -> ast.expr | None:
        """Returns the use of a shape that needs a size of it; ``None`` if it can do without."""
        parent = self._parents.get(node)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            return None
        if isinstance(parent, ast.Attribute):
            return None  # of which more is asked: `_shape` of what is around it tells
        if isinstance(parent, ast.Subscript) and parent.value is node:
            return parent if self._index_varies(parent.slice, shape) and not self._can_do_without(parent) else None
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple | ast.List):
            return node if self._unpacked(parent.targets[0], shape) else None
        if isinstance(parent, ast.Call) and node in (*parent.args, *(keyword.value for keyword in parent.keywords)):
            return parent if sources.dotted(parent.func).rpartition(".")[2] not in _DO_WITH_NONE else None
        return None

    def _index_varies(self, index: ast.expr, shape: Tensor) -> bool:
        try:
            if not isinstance(index, ast.Slice):
                number = ast.literal_eval(index)
                return isinstance(number, int) and shape.varies(number)
            bounds = [None if bound is None else ast.literal_eval(bound) for bound in (index.lower, index.upper, index.step)]
            return any(map(shape.varies, range(*slice(*bounds).indices(shape.rank))))
        except (ValueError, TypeError, SyntaxError):  # it is computed, and may be any
            return True

    def _can_do_without(self, size: ast.Subscript) -> bool:
        """Whether a size is only printed, or is asked for where it may be unknown."""
        if ast.unparse(size) in self._asked:
            return True
        node: ast.AST = size
        while (parent := self._parents.get(node)) is not None and isinstance(parent, ast.expr | ast.keyword | ast.FormattedValue):
            if isinstance(parent, ast.JoinedStr) or (isinstance(parent, ast.BoolOp) and isinstance(parent.op, ast.Or)):
                return True
            if isinstance(parent, ast.Call) and sources.dotted(parent.func).rpartition(".")[2] in _DO_WITH_NONE:
                return True
            node = parent
        # A name for it is followed no further than to what it is used for.
        if isinstance(parent, ast.Assign) and parent.value is size and isinstance(parent.targets[0], ast.Name):
            name = parent.targets[0].id
            return name in self._asked or not any(
                isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Load) for part in self._body
            )
        return isinstance(parent, ast.Expr)

    def _unpacked(self, target: ast.Tuple | ast.List, shape: Tensor) -> bool:
        """Whether a size that varies is given a name that is used."""
        if any(isinstance(element, ast.Starred) for element in target.elts):
            return False
        used = {part.id for part in self._body if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)} - self._asked
        count = len(target.elts)
        return any(
            isinstance(element, ast.Name) and element.id in used and shape.varies(number if number < count - 1 else -1)
            for number, element in enumerate(target.elts)
        )

    def _goes_through(self, node: ast.expr) -> ast.expr | None:
        """Returns what takes a tensor apart along a dimension that varies."""
        if isinstance(node, ast.Call) and sources.dotted(node.func) == "len" and node.args:
            of = self._tensor(node.args[0])
            return node if of is not None and of.varies(0) else None
        if isinstance(node, ast.Call) and sources.dotted(node.func).rpartition(".")[2] == "unstack" and node.args:
            of = self._tensor(node.args[0])
            given = {str(keyword.arg): keyword.value for keyword in node.keywords}
            axis = given.get("axis", node.args[2] if len(node.args) > 2 else ast.Constant(0))
            if of is None or "num" in given or len(node.args) > 1:
                return None
            try:
                return node if of.varies(ast.literal_eval(axis)) else None
            except (ValueError, TypeError):
                return None
        return None

    def calls(self) -> Iterator[ast.Call]:
        """Yields the calls of the body."""
        yield from (part for part in self._body if isinstance(part, ast.Call))

    def handed(self, call: ast.Call, parameters: tuple[str, ...]) -> dict[str, Tensor]:
        """Returns the tensors that a call hands on, by parameter."""
        found = {}
        for parameter, argument in zip(parameters, call.args, strict=False):
            if (tensor := self._tensor(argument) or self._computed(argument)) is not None:
                found[parameter] = tensor
        for keyword in call.keywords:
            if keyword.arg in parameters and (tensor := self._tensor(keyword.value) or self._computed(keyword.value)):
                found[str(keyword.arg)] = tensor
        return found


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
