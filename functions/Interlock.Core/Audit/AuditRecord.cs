using System.Collections.Immutable;
using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>
/// One recorded fact. <see cref="Id"/> is derived from what is recorded (<c>intent:{effect}:{attempt}</c>), so that recording it again is
/// recognised. Digests are <c>sha256:</c> and hex. Everything is visible to auditors: no secrets, arguments only as digests.
/// At most 256 KiB as canonical JSON.
/// </summary>
public sealed record AuditRecord
{
    /// <summary>At most 1,024 UTF-8 bytes, what keys escape counting three.</summary>
    public required string Id { get; init; }

    /// <summary>One of <see cref="AuditTypes"/>.</summary>
    public required string Type { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required TenantId Tenant { get; init; }

    /// <summary>The id of the chain it stands in.</summary>
    public required string Chain { get; init; }

    public RunId? Run { get; init; }
    public string? WorkflowName { get; init; }
    public string? WorkflowVersion { get; init; }
    public string? WorkflowDigest { get; init; }
    public TaskPath? Task { get; init; }
    public FrameId? Frame { get; init; }
    public int? Attempt { get; init; }

    /// <summary>The subjects of the actor chain, starter first.</summary>
    public ImmutableArray<string> Actors { get; init; } = [];

    public string? Target { get; init; }

    /// <summary>The capability or route that led the call to its target.</summary>
    public string? Via { get; init; }
    public string? ToolVersion { get; init; }
    public string? AgentVersion { get; init; }
    public string? ContractDigest { get; init; }
    public string? PolicyDigest { get; init; }
    public long? Epoch { get; init; }
    public EffectId? Effect { get; init; }
    public string? ArgumentsDigest { get; init; }
    public string? ResultDigest { get; init; }
    public string? Decision { get; init; }
    public ImmutableArray<string> RuleIds { get; init; } = [];
    public string? Reason { get; init; }
    public string? Stage { get; init; }
    public string? Rule { get; init; }
    public GateId? Gate { get; init; }
    public string? Grant { get; init; }
    public string? Outcome { get; init; }

    /// <summary>Which of the target's addresses the outcome is of.</summary>
    public string? Address { get; init; }
    public Problem? Problem { get; init; }
    public long? DurationMs { get; init; }
    public string? Trace { get; init; }
    public JsonValue? Details { get; init; }

    /// <summary>Members that are absent or empty are left out.</summary>
    public JsonValue ToJson() => AuditRecordJson.Write(this);

    /// <exception cref="FormatException">The value is no record; names the member at fault.</exception>
    public static AuditRecord FromJson(JsonValue json) => AuditRecordJson.Read(json);
}
