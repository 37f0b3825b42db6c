using Interlock.Core.Workflows;
using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Core.Intake;

/// <summary>Whether an event fits a workflow's trigger: the attributes of one of its filters, and what its values are expected to be.</summary>
internal static class EventMatch
{
    public static (bool Matches, Problem? Problem) Matches(EventConsumption trigger, CloudEvent happened)
    {
        try
        {
            return (trigger.Filters.Any(filter => filter.Fits(happened.Json, NoScope.Instance) && Correlated(filter, happened.Json) is not null), null);
        }
        catch (ExpressionException e)
        {
            return (false, Failed(e));
        }
    }

    /// <summary>The filters that an event fits, and the values by which it correlates with the others.</summary>
    public static (IReadOnlyList<int> Filters, JsonValue Values, Problem? Problem) Fitting(EventConsumption.All all, JsonValue envelope)
    {
        try
        {
            var (fitting, values) = (new List<int>(), JsonValue.EmptyObject);
            foreach (var (i, filter) in all.Of.Index())
            {
                if (!filter.Fits(envelope, NoScope.Instance) || Correlated(filter, envelope) is not { } correlated || (fitting.Count > 0 && correlated != values)) continue;
                fitting.Add(i);
                values = correlated;
            }
            return (fitting, values, null);
        }
        catch (ExpressionException e)
        {
            return ([], JsonValue.EmptyObject, Failed(e));
        }
    }

    /// <summary>The values that others must have too, by name; null when one is missing, or not what is expected.</summary>
    private static JsonValue? Correlated(EventFilter filter, JsonValue envelope)
    {
        var values = JsonValue.EmptyObject;
        foreach (var (name, from, expect) in filter.Correlate.OrderBy(one => one.Name, StringComparer.Ordinal))
        {
            var value = from.Evaluate(envelope, NoScope.Instance);
            if (value.Kind == JsonKind.Null) return null;
            if (expect is null) values = values.With(name, value);
            else if (expect.Evaluate(envelope, NoScope.Instance) != value) return null;
        }
        return values;
    }

    private static Problem Failed(ExpressionException e) => new(ProblemTypes.Expression, 400, "An event filter failed", e.Message);

    /// <summary>Filters see the event only.</summary>
    private sealed class NoScope : IEvaluationScope
    {
        public static NoScope Instance { get; } = new();

        public JqScope For(JqReferences references) => JqScope.Empty;
    }
}
