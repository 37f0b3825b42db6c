using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Core.Intake;

/// <summary>Whether an event fits a workflow's trigger: every attribute of one of its filters is equal, or its expression gives true.</summary>
internal static class EventMatch
{
    public static (bool Matches, Problem? Problem) Matches(EventTrigger trigger, CloudEvent happened)
    {
        try
        {
            return (trigger.AnyOf.Any(filter => Fits(filter, happened)), null);
        }
        catch (ExpressionException e)
        {
            return (false, new Problem(ProblemTypes.Expression, 400, "An event filter failed", e.Message));
        }
    }

    private static bool Fits(EventFilter filter, CloudEvent happened)
    {
        if (filter.Type != happened.Type) return false;
        foreach (var (name, wanted) in filter.Attributes)
        {
            if (happened.Json[name] is not { } actual) return false;
            if (wanted is Template.Computed computed)
            {
                if (!computed.Expression.EvaluateCondition(actual, NoScope.Instance)) return false;
            }
            else if (wanted.Evaluate(JsonValue.Null, NoScope.Instance) != actual) return false;
        }
        return true;
    }

    /// <summary>Filters see the event only.</summary>
    private sealed class NoScope : IEvaluationScope
    {
        public static NoScope Instance { get; } = new();

        public JqScope For(JqReferences references) => JqScope.Empty;
    }
}
