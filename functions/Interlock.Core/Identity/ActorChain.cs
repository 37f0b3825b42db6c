using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>
/// Everyone on whose authority a call is made; it is allowed only what each of them is: who started it, who owns the
/// workflow it runs in, which agent asked for it.
/// </summary>
public sealed record ActorChain(Principal Starter, string? WorkflowOwner = null, string? Agent = null)
{
    /// <summary>Subjects whose authority bounds the call besides: owners of the workflows that led to this one, and who else published what started it.</summary>
    public IReadOnlyList<string> Behind { get; init; } = [];

    public TenantId Tenant => Starter.Tenant;

    /// <summary>The subjects, starter first, as records name them.</summary>
    public IEnumerable<string> Subjects
    {
        get
        {
            yield return Starter.Subject;
            if (WorkflowOwner is not null) yield return WorkflowOwner;
            foreach (var subject in Behind) yield return subject;
            if (Agent is not null) yield return "agent:" + Agent;
        }
    }

    public JsonValue ToJson() => JsonValue.Array(Subjects.Select(JsonValue.From));
}
