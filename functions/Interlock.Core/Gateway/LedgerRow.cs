using System.Text.Json.Serialization;
using Interlock.Core.Agents;
using Interlock.Core.Gateway.Results;
using Interlock.Json;

namespace Interlock.Core.Gateway;

public enum LedgerState
{
    /// <summary>About to leave, or left: the audit's effect row says which. With a handle it goes on at its upstream.</summary>
    Intended,
    Completed,
    Failed,

    /// <summary>Sent, and no answer that says what happened.</summary>
    Unknown,

    /// <summary>Not done: the upstream asks the caller for something first, and the next attempt answers it.</summary>
    InputRequired,
}

/// <summary>An effect in the ledger: what was intended, by which attempt, and its outcome, from which it is answered when asked for again.</summary>
public sealed record LedgerRow(LedgerState State, int Attempt, string Target, string ArgumentsDigest, DateTimeOffset IntendedAt)
{
    /// <summary>The id of the audit chain in which the effect is claimed and recorded, on whatever day it is asked for again.</summary>
    public string? Chain { get; init; }

    /// <summary>The capability or route that led it to its target, and the versions of it that the route allows.</summary>
    public string? Via { get; init; }

    public string? Range { get; init; }

    /// <summary>The registration the call went to: only there may it be repeated.</summary>
    public string? Registration { get; init; }

    /// <summary>Which of its addresses answered, or failed to, as it is shown.</summary>
    public string? Address { get; init; }

    /// <summary>The same with its query, where it has one: for the choice of an address, and in no record.</summary>
    public string? Route { get; init; }

    /// <summary>The process that makes the call, and until when it is taken for alive unless it says so again.</summary>
    public string? LeasedBy { get; init; }

    public DateTimeOffset? LeasedUntil { get; init; }

    /// <summary>How many attempts before this one ended with a question.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Rounds { get; init; }

    /// <summary>What the upstream asks, also while an attempt answers it.</summary>
    public GatewayResult.InputRequired? Asked { get; init; }

    /// <summary>What the upstream gave to ask after the call with.</summary>
    public LedgerHandle? Handle { get; init; }

    /// <summary>Whether an attempt of this effect has no known outcome: not one that only asked.</summary>
    [JsonIgnore]
    public bool HasDoubt => State == LedgerState.Unknown || Attempt - Rounds > 1;

    /// <summary>What the upstream answered: the method's whole result where <see cref="IsResult"/>, else the output alone.</summary>
    public JsonValue? Output { get; init; }

    /// <summary>Where an answer too large for the row is.</summary>
    public string? OutputBlob { get; init; }

    public string? OutputDigest { get; init; }

    /// <summary>Whether the output is to be read from what is stored, by <see cref="MethodResult.Output"/>.</summary>
    public bool IsResult { get; init; }

    /// <summary>The size of what was answered, as stored; and what the attempt cost, in millionths of the tenant's unit.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Bytes { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Cost { get; init; }

    /// <summary>Of a call of an agent: the version that answered, and of a model's turn what it used, which is in the cost.</summary>
    public string? AgentVersion { get; init; }

    public ModelUse? Use { get; init; }

    /// <summary>Whether this attempt was recorded as unknown before.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsLate { get; init; }

    public RedactionMark? Redaction { get; init; }
    public Problem? Problem { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
}
