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
}
