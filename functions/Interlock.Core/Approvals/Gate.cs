using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Interlock.Core.Policy;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Approvals;

/// <summary>A gate as its row holds it: what was asked, of whom, bound to what; the votes; and how it ended. The only arbiter.</summary>
public sealed record Gate(
    TenantId Tenant, RunId Run, WorkflowRef Workflow, GateRequest Request, ImmutableArray<BoundCall> Calls,
    ImmutableArray<string> Initiators, string? Author, DateTimeOffset OpenedAt)
{
    /// <summary>Its terms, as policy compares them with the least gate it asks for.</summary>
    [JsonIgnore]
    public GateTerms Terms => GateTerms.Of(Request.Approvers, Request.Quorum, Request.ExcludeInitiator, Request.ExcludeAuthor);

    public ImmutableArray<Vote> Votes { get; init; } = [];
    public GateOutcome? Outcome { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }

    [JsonIgnore]
    public GateId Id => Request.Id;

    /// <summary>The digest of all that a person decides on: the form posts back what was shown, and a vote for anything else is refused.</summary>
    [JsonIgnore]
    public string ShownDigest => CanonicalJson.Digest(RunJson.ToValue(new { Request, Calls }));
}

/// <summary>
/// A covered call bound to exactly what it will reach: contract, registration, endpoint and frozen arguments.
/// <see cref="ArgumentsDigest"/> leaves out the members the document declares computed.
/// </summary>
public sealed record BoundCall(
    FrameId Frame, TaskPath Task, string Kind, BoundTarget Target, JsonValue Arguments, string ArgumentsDigest, ImmutableArray<string> Computed)
{
    /// <summary>Why policy lets the call through, or asks for this gate.</summary>
    public string? PolicyReason { get; init; }

    public BoundTarget? Compensation { get; init; }

    /// <summary>The compensation's arguments as the document writes them.</summary>
    public string? CompensationDigest { get; init; }
}

/// <summary>One registered version of a tool or agent at one endpoint.</summary>
public sealed record BoundTarget(string Name, string Version, string ContractDigest, string RegistrationId, Uri Address);

/// <summary>One person's decision; <see cref="By"/> is a subject, <see cref="As"/> what made the person an approver.</summary>
public sealed record Vote(string By, string DisplayName, string As, bool Approves, string? Reason, DateTimeOffset At, string ShownDigest);
