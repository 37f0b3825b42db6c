using Interlock.Core.Agents;
using Interlock.Json;

namespace Interlock.Core.Runs.Conversations;

/// <summary>A choice of a model, judged.</summary>
/// <param name="Number">Counts the loop's choices, from 1.</param>
/// <param name="Wanted">As the model wrote it.</param>
/// <param name="Member">What of the pool it names; null for nothing in it.</param>
public sealed record Selection(int Number, ModelCall Wanted, PoolMember? Member)
{
    /// <summary>The argument that every choice carries its reason in; names that begin like it can't be registered as a tool's own.</summary>
    public const string ReasonName = "interlock_reason";

    /// <summary>The stage that refusals name.</summary>
    public const string Stage = "select";

    /// <summary>Without the reason; null when they are no JSON object.</summary>
    public JsonValue? Arguments { get; init; }

    public string? Reason { get; init; }

    /// <summary>Which rule refuses it; null when it is accepted.</summary>
    public string? Rule { get; init; }

    /// <summary>The limit that is reached, where that is why.</summary>
    public string? Limit { get; init; }

    /// <summary>Why it is refused, as the model is told.</summary>
    public string? Detail { get; init; }

    /// <summary>Equal for the same target and arguments; null for a choice that names none.</summary>
    public string? Key { get; init; }
}

/// <summary>The rules by which a choice is refused.</summary>
public static class SelectionRules
{
    public const string OutOfPool = "out-of-pool";
    public const string ReasonMissing = "reason-missing";
    public const string Arguments = "arguments";
    public const string Repeated = "repeated";
    public const string Limit = "limit";

    /// <summary>An agent beneath too many others.</summary>
    public const string Hops = "hop-limit";

    /// <summary>People did not let this call through, and are not asked again.</summary>
    public const string Denied = "denied";

    /// <summary>The turn was given up before it answered.</summary>
    public const string NotPending = "frame-not-pending";
}
