namespace Interlock.Core.Gateway;

/// <summary>Something whose content came into a run: a version of a tool or agent that answered, or with neither kind nor version an event's type.</summary>
internal sealed record Reading(TargetKind? Kind, string Name, string? Version)
{
    private const string EventPrefix = "event:";

    /// <summary>As policy and records name it: <c>server/tool</c>, <c>agent:name</c>, <c>event:type</c>.</summary>
    public string Source => Kind switch
    {
        TargetKind.Tool => Name,
        TargetKind.Agent => Identity.ActorChain.AgentPrefix + Name,
        _ => EventPrefix + Name,
    };

    /// <summary>Of a call's target: only tools' names have a slash.</summary>
    public static Reading Of(string target, string? version) => new(target.Contains('/', StringComparison.Ordinal) ? TargetKind.Tool : TargetKind.Agent, target, version);

    public static Reading OfEvent(string type) => new(null, type, null);
}
