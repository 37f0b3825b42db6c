using Interlock.Core.Workflows;
using Interlock.Json.Jq;

namespace Interlock.Core.Intake;

/// <summary>Whether an event fits a workflow's trigger: every attribute of one of its filters is equal, or its expression gives true.</summary>
internal static class EventMatch
{
    public static (bool Matches, Problem? Problem) Matches(EventConsumption trigger, CloudEvent happened)
    {
        try
        {
            return (trigger.Filters.Any(filter => filter.Fits(happened.Json, NoScope.Instance)), null);
        }
        catch (ExpressionException e)
        {
            return (false, new Problem(ProblemTypes.Expression, 400, "An event filter failed", e.Message));
        }
    }

    /// <summary>Filters see the event only.</summary>
    private sealed class NoScope : IEvaluationScope
    {
        public static NoScope Instance { get; } = new();

        public JqScope For(JqReferences references) => JqScope.Empty;
    }
}
