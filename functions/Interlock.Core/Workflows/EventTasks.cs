using System.Collections.Immutable;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Workflows;

/// <summary>Publishes one event: to the tenant's own workflows and to whoever subscribed outside. Nobody is waited for.</summary>
public sealed record EmitTask : TaskDefinition
{
    /// <summary>The attributes and <c>data</c> as written; what an event needs besides (<c>id</c>, <c>time</c>, <c>specversion</c>) is filled in.</summary>
    public required Template Event { get; init; }
}

/// <summary>Waits for events. Its output is the array of what was consumed, in the order of arrival.</summary>
public sealed record ListenTask : TaskDefinition
{
    public required EventConsumption To { get; init; }
    public EventReading Read { get; init; }
    public ListenIteration? Each { get; init; }
}

/// <summary>What a listening task takes of an event.</summary>
public enum EventReading
{
    /// <summary>Its <c>data</c>.</summary>
    Data,

    /// <summary>The whole CloudEvent.</summary>
    Envelope,

    /// <summary>Its data as it came: the same for JSON, the base64 text for bytes.</summary>
    Raw,
}

/// <summary><c>foreach</c> of a listening task: done for each consumed event, one after the other; the outputs take the events' places.</summary>
public sealed record ListenIteration
{
    public string Item { get; init; } = "item";
    public string At { get; init; } = "index";
    public required TaskList Tasks { get; init; }
    public Template? OutputAs { get; init; }
    public JsonSchema? OutputSchema { get; init; }
    public Template? ExportAs { get; init; }
    public JsonSchema? ExportSchema { get; init; }
}

/// <summary>Which events, and how many of them.</summary>
public abstract record EventConsumption
{
    /// <summary>Every filter in it, those of <c>until</c> last.</summary>
    public abstract IEnumerable<EventFilter> Filters { get; }

    /// <summary>The first event that fits.</summary>
    public sealed record One(EventFilter Filter) : EventConsumption
    {
        public override IEnumerable<EventFilter> Filters => [Filter];
    }

    /// <summary>One event for each filter, in any order.</summary>
    public sealed record All(ImmutableArray<EventFilter> Of) : EventConsumption
    {
        public override IEnumerable<EventFilter> Filters => Of;
    }

    /// <summary>
    /// The first event that fits any filter (of none: any event); with <c>until</c> every event that fits, up to and with the one after which the
    /// condition over the consumed ones is true, or until the other events came.
    /// </summary>
    public sealed record Any(ImmutableArray<EventFilter> Of) : EventConsumption
    {
        public Expression? Until { get; init; }
        public EventConsumption? UntilEvents { get; init; }
        public override IEnumerable<EventFilter> Filters => [.. Of, .. UntilEvents?.Filters ?? []];
    }
}

/// <summary>The event's type (null for any), the other CloudEvents attributes with the literal or expression each must match, and what ties events together.</summary>
public sealed record EventFilter(string? Type, IReadOnlyDictionary<string, Template> Attributes)
{
    public ImmutableArray<EventCorrelation> Correlate { get; init; } = [];

    /// <summary>Whether type and attributes fit, literal ones first; expressions see the attribute's value as their input.</summary>
    /// <exception cref="ExpressionException">One of the expressions failed, or gave neither true nor false.</exception>
    public bool Fits(JsonValue envelope, IEvaluationScope scope)
    {
        if (Type is not null && Type != envelope["type"]?.StringOrNull()) return false;
        if (Attributes.Any(attribute => envelope[attribute.Key] is not { } actual || (attribute.Value is Template.Literal literal && literal.Value != actual))) return false;
        return Attributes.All(attribute => attribute.Value switch
        {
            Template.Literal => true,
            Template.Computed computed => computed.Expression.EvaluateCondition(envelope[attribute.Key]!, scope), // just tested
            var other => other.Evaluate(JsonValue.Null, scope) == envelope[attribute.Key],
        });
    }
}

/// <summary>A value taken from each event that must equal what is expected; where nothing is, the first event that is consumed says.</summary>
public sealed record EventCorrelation(string Name, Expression From, Template? Expect);

/// <summary>Starts a run of another workflow of the tenant; its output is the run's, or its own input where the run is not waited for.</summary>
public sealed record RunTask : TaskDefinition
{
    public required WorkflowName Workflow { get; init; }

    /// <summary>A semver range; null (written <c>latest</c>) takes the newest active version.</summary>
    public string? Version { get; init; }

    public required Template Argument { get; init; }

    public bool IsAwaited { get; init; } = true;
}
