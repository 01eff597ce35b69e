"""A one-way constraint solver in the manner of DeltaBlue: many small classes, polymorphism, lists."""

import harness

REQUIRED, STRONG, NORMAL, WEAK, WEAKEST = range(5)


class Variable:
    def __init__(self, name, value):
        self.name, self.value = name, value
        self.constraints, self.determined_by = [], None
        self.strength, self.mark = WEAKEST, 0


class Constraint:
    def __init__(self, strength, *variables):
        self.strength, self.variables, self.output = strength, variables, None
        for variable in variables:
            variable.constraints.append(self)

    def outputs(self):
        return self.variables

    def inputs(self):
        return [variable for variable in self.variables if variable is not self.output]

    def choose(self, mark):
        """Take the weakest variable that is not decided yet, if it is weaker than this constraint."""
        best = None
        for variable in self.outputs():
            if variable.mark != mark and variable.strength > self.strength:
                if best is None or variable.strength > best.strength:
                    best = variable
        self.output = best
        return best is not None

    def satisfied(self):
        return self.output is not None

    def execute(self):
        pass


class Stay(Constraint):
    pass


class Edit(Constraint):
    def __init__(self, variable):
        super().__init__(STRONG, variable)
        self.new_value = variable.value

    def execute(self):
        self.output.value = self.new_value


class Equal(Constraint):
    def execute(self):
        left, right = self.variables
        if self.output is right:
            right.value = left.value
        else:
            left.value = right.value


class Scale(Constraint):
    """target = source * factor + offset, forwards only for factor and offset."""

    def __init__(self, strength, source, factor, offset, target):
        super().__init__(strength, source, factor, offset, target)

    def outputs(self):
        return self.variables[0], self.variables[3]

    def execute(self):
        source, factor, offset, target = self.variables
        if self.output is target:
            target.value = source.value * factor.value + offset.value
        else:
            source.value = (target.value - offset.value) // factor.value


class Planner:
    def __init__(self):
        self.mark = 0

    def add(self, constraint):
        self.mark += 1
        pending = constraint
        while pending is not None:
            pending = self.satisfy(pending)

    def satisfy(self, constraint):
        if not constraint.choose(self.mark):
            if constraint.strength == REQUIRED:
                raise RuntimeError("a required constraint cannot be satisfied")
            return None
        variable = constraint.output
        beaten = variable.determined_by
        if beaten is not None:
            beaten.output = None
        variable.determined_by = constraint
        for source in constraint.inputs():
            source.mark = self.mark
        self.propagate(variable)
        variable.mark = self.mark
        return beaten

    def propagate(self, variable):
        todo = [variable]
        while todo:
            variable = todo.pop()
            constraint = variable.determined_by
            variable.strength = max([constraint.strength] + [
                one.strength for one in constraint.outputs() if one is not variable])
            constraint.execute()
            todo += [one.output for one in variable.constraints
                     if one is not constraint and one.satisfied() and one.output is not variable]

    def plan(self, edit):
        """The constraints to execute, in order, when the edited variable changes."""
        self.mark += 1
        plan, todo = [], [edit]
        while todo:
            constraint = todo.pop()
            if constraint.satisfied() and constraint.output.mark != self.mark:
                plan.append(constraint)
                constraint.output.mark = self.mark
                todo += [one for one in constraint.output.constraints if one is not constraint and one.satisfied()]
        return plan


def chain(length):
    planner = Planner()
    variables = [Variable(f"v{i}", 0) for i in range(length)]
    planner.add(Stay(WEAK, variables[-1]))
    for left, right in zip(variables, variables[1:]):
        planner.add(Equal(REQUIRED, left, right))
    edit = Edit(variables[0])
    planner.add(edit)
    plan = planner.plan(edit)
    total = 0
    for value in range(20):
        edit.new_value = value
        for constraint in plan:
            constraint.execute()
        total += variables[-1].value
    return total


def projection(count):
    planner = Planner()
    factor, offset, targets = Variable("factor", 10), Variable("offset", 1000), []
    for constant in factor, offset:
        constant.strength = REQUIRED
    sources = []
    for i in range(count):
        source, target = Variable(f"s{i}", i), Variable(f"t{i}", i)
        sources.append(source)
        targets.append(target)
        planner.add(Stay(NORMAL, source))
        planner.add(Scale(REQUIRED, source, factor, offset, target))
    total = 0
    for source, target in zip(sources, targets):
        edit = Edit(source)
        planner.add(edit)
        for value in 17, 5:
            edit.new_value = value
            for constraint in planner.plan(edit):
                constraint.execute()
            total += target.value
    return total


def run(loops):
    return sum(chain(60) + projection(60) for _ in range(loops))


if __name__ == "__main__":
    harness.main(run, 300)
