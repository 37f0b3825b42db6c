using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Workflows.Reading.Kinds;

/// <summary>What tool and agent calls have in common.</summary>
internal static class CallParts
{
    /// <summary>How long a compensation may take when the document does not say.</summary>
    private static readonly TimeSpan CompensationTime = TimeSpan.FromMinutes(5);

    public static Template Arguments(TaskReader reader, Step step, JsonValue? value, string pointer, IReadOnlyList<string>? arguments = null)
    {
        if (value is null) return new Template.Literal(JsonValue.EmptyObject);
        if (value.IsString && !reader.Expressions.IsLoose && !ExpressionReader.IsExpression(value))
            reader.Log.Error("expression", pointer, "arguments are an object or one expression, written ${ … }");
        return reader.Expressions.Template(value, pointer, step.Around.Variables, arguments);
    }

    public static InDoubtAction OnInDoubt(JsonValue with) => with["onInDoubt"]?.StringOrNull() switch
    {
        "retry" => InDoubtAction.Retry,
        "escalate" => InDoubtAction.Escalate,
        _ => InDoubtAction.Fail,
    };

    /// <summary>The declared arguments as pointers; a bare name is a top-level one.</summary>
    public static ImmutableArray<string> Computed(Step step) =>
        step.Source["metadata"]?["interlock"]?["computed"] is { } names ? [.. names.Items.Select(name => Pointer(name.AsString()))] : [];

    public static Compensation? Compensate(TaskReader reader, Step step)
    {
        if (step.Source["metadata"]?["interlock"]?["compensate"] is not { } source) return null;
        var at = step.Path + "/metadata/interlock/compensate";
        var timeout = reader.FixedDuration(source["timeout"], at + "/timeout", positive: true) ?? CompensationTime;
        var outside = step with { Around = step.Around with { Variables = [] } }; // it runs when loops and handlers are gone
        return new Compensation(source["tool"]!.AsString(), Arguments(reader, outside, source["arguments"], at + "/arguments", ArgumentsAt.Export), timeout, at); // required by the schema
    }

    private static string Pointer(string name) => name.Length == 0 || name[0] == '/' ? name : JsonPointer.Append("", name);
}
