using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Workflows;

/// <summary>
/// One step of all that a run can do, and what it may lead through: branches, cases, a loop's round, what a planner may choose. In document order; where a step goes on elsewhere, it
/// says so. The line is 0 without source text.
/// </summary>
public sealed record PathStep(string Name, string Pointer, int Line, string Does, ImmutableArray<PathStep> Steps)
{
    public JsonValue ToJson()
    {
        var json = JsonValue.Object(("name", Name), ("pointer", Pointer), ("line", Line), ("does", Does));
        return Steps.IsEmpty ? json : json.With("steps", JsonValue.Array(Steps.Select(step => step.ToJson())));
    }
}
