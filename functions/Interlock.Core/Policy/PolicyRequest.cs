using System.Collections.Immutable;
using Interlock.Core.Identity;
using Interlock.Json;

namespace Interlock.Core.Policy;

/// <summary>
/// A call to decide on: the frozen arguments that will be sent, and the time to judge it by. <see cref="WorkflowOwnerGroups"/> are the
/// groups of an owner who is a person; without them an owner other than the starter counts as in a group wherever that is the stricter.
/// </summary>
public sealed record PolicyRequest(
    ActorChain Chain,
    TargetKind Kind,
    string Target,
    string ContractDigest,
    JsonValue Arguments,
    DateTimeOffset Now,
    string? Workflow = null,
    TaskPath? Task = null)
{
    public ImmutableArray<string>? WorkflowOwnerGroups { get; init; }

    /// <summary>The groups of those behind the chain who are people, by subject; whoever is missing counts as an owner without known groups does.</summary>
    public IReadOnlyDictionary<string, ImmutableArray<string>> GroupsBehind { get; init; } = ImmutableDictionary<string, ImmutableArray<string>>.Empty;

    /// <summary>What was read before; null where that is of no account, as for what undoes a call.</summary>
    public ReadSources? Read { get; init; }

    /// <summary>The same with the groups of all in the chain who are people, as they are now.</summary>
    public async Task<PolicyRequest> WithGroupsAsync(IDirectory directory, CancellationToken cancellationToken = default)
    {
        var behind = ImmutableDictionary<string, ImmutableArray<string>>.Empty;
        foreach (var subject in Chain.Behind)
            if (await GroupsAsync(subject) is { } known) behind = behind.SetItem(subject, known);
        return this with { WorkflowOwnerGroups = await GroupsAsync(Chain.WorkflowOwner), GroupsBehind = behind };

        async Task<ImmutableArray<string>?> GroupsAsync(string? subject) =>
            subject is ['u', 's', 'e', 'r', ':', .. var person] ? [.. await directory.GroupsOfAsync(Chain.Tenant, person, cancellationToken)] : null;
    }
}
