using System.Runtime.CompilerServices;

namespace Interlock.Json.Schema;

/// <summary>
/// One validation: where it is, what it may still spend, and the errors when they are asked for. Once a limit is hit every
/// check fails at once and <see cref="Halted"/> says why, so that no <c>not</c> can turn the limit into success.
/// </summary>
internal sealed class Evaluation(JsonSchemaOptions options, bool dynamic, bool collecting)
{
    private readonly List<(string? Name, int Index)> _path = [];
    private readonly List<SchemaResource>? _scope = dynamic ? [] : null;
    private List<SchemaError>? _errors = collecting ? [] : null;
    private long _steps;
    private int _depth;

    public string? Halted { get; private set; }

    public string HaltedAt { get; private set; } = "";

    /// <summary>Whether failures are explained; otherwise the first one ends the validation.</summary>
    public bool Collecting => _errors is not null;

    public List<SchemaError> Errors => _errors ?? [];

    /// <summary>The resources entered so far, outermost first; empty unless the schema has dynamic references.</summary>
    public IReadOnlyList<SchemaResource> Scope => _scope ?? [];

    public int PathLength => _path.Count;

    public bool Apply(SchemaNode node, JsonValue instance, EvaluatedSet? seen)
    {
        if (Halted is not null || !Enter()) return false;
        var entered = _scope is not null && (_scope.Count == 0 || _scope[^1] != node.Resource);
        if (entered) _scope!.Add(node.Resource); // entered only when there is a scope
        var valid = node.IsFalse ? Refuse(node, instance) : Check(node, instance, seen);
        if (entered) _scope!.RemoveAt(_scope.Count - 1); // as above
        _depth--;
        return valid;
    }

    public bool ApplyMember(SchemaNode node, string name, JsonValue member)
    {
        if (!Collecting) return Apply(node, member, null);
        _path.Add((name, 0));
        var valid = Apply(node, member, null);
        _path.RemoveAt(_path.Count - 1);
        return valid;
    }

    public bool ApplyItem(SchemaNode node, int index, JsonValue item)
    {
        if (!Collecting) return Apply(node, item, null);
        _path.Add((null, index));
        var valid = Apply(node, item, null);
        _path.RemoveAt(_path.Count - 1);
        return valid;
    }

    /// <summary>Whether the schema accepts the instance; explains nothing.</summary>
    public bool Test(SchemaNode node, JsonValue instance, EvaluatedSet? seen)
    {
        var errors = _errors;
        _errors = null;
        var valid = Apply(node, instance, seen);
        _errors = errors;
        return valid;
    }

    /// <summary>As <see cref="Apply"/>, the errors kept apart.</summary>
    public bool Capture(SchemaNode node, JsonValue instance, EvaluatedSet? seen, out List<SchemaError> errors)
    {
        var outer = _errors;
        _errors = errors = [];
        var valid = Apply(node, instance, seen);
        _errors = outer;
        return valid;
    }

    /// <summary>Takes from the step budget; false when it is spent.</summary>
    public bool Spend(long steps)
    {
        _steps += steps;
        return _steps <= options.MaxSteps || Halt($"The validation took more than {options.MaxSteps} steps; simplify the schema or send less.");
    }

    /// <summary>A set of its own for a branch that may fail, where one is kept; large ones count.</summary>
    public EvaluatedSet? Apart(EvaluatedSet? seen, JsonValue instance) => seen is not null && Spend(instance.Count >> 6) ? new EvaluatedSet(instance.Count) : null;

    public bool Fail(Assertion rule, JsonValue instance) => Collecting && Halted is null && Fail(rule.Location, rule.Keyword, rule.Explain(instance));

    /// <summary>Records an error at the current instance location; always false.</summary>
    public bool Fail(string location, string keyword, string message)
    {
        if (_errors is { } errors && Halted is null && errors.Count < options.MaxErrors)
            errors.Add(new SchemaError(InstanceLocation(), location, keyword, message));
        return false;
    }

    public void Adopt(IEnumerable<SchemaError> errors)
    {
        if (_errors is not { } own) return;
        foreach (var error in errors)
            if (own.Count < options.MaxErrors) own.Add(error);
    }

    public string InstanceLocation()
    {
        var pointer = "";
        foreach (var (name, index) in _path)
            pointer = name is null ? JsonPointer.Append(pointer, index) : JsonPointer.Append(pointer, name);
        return pointer;
    }

    private bool Check(SchemaNode node, JsonValue instance, EvaluatedSet? seen)
    {
        var own = node.TracksEvaluated && (instance.IsObject || instance.IsArray) ? new EvaluatedSet(instance.Count) : null;
        var valid = true;
        foreach (var rule in node.Rules)
        {
            if (rule.Check(instance, this, own ?? seen)) continue;
            valid = false;
            if (!Collecting || rule.IsDecisive) break;
        }
        if (own is not null && seen is not null && (valid || Collecting)) seen.Add(own);
        return valid;
    }

    private bool Refuse(SchemaNode node, JsonValue instance) =>
        Fail(node.Place.Location, "false", $"no value is allowed here, found {(Collecting ? Quote.Found(instance) : "")}");

    private bool Enter()
    {
        if (!Spend(1)) return false;
        if (_depth >= options.MaxDepth)
            return Halt($"Schemas nest deeper than {options.MaxDepth} levels here; the schema may refer to itself without end.");
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) return Halt("The instance or the schema nests too deep for the stack.");
        _depth++;
        return true;
    }

    private bool Halt(string why)
    {
        if (Halted is null) (Halted, HaltedAt) = (why, InstanceLocation());
        return false;
    }
}
