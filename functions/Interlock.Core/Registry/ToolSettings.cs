using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Interlock.Core.Registry;

/// <summary>The operator's word on one tool. Part of its version: what was approved was approved with it.</summary>
public sealed record ToolSettings
{
    public static ToolSettings None { get; } = new();

    /// <summary>It changes nothing; a server's hint never says so.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Repeating it with the same arguments changes nothing more; a server's hint never says so.</summary>
    public bool Idempotent { get; init; }

    /// <summary>Its results are the operator's own data: what reads them has read nothing that <c>afterReading</c> of a policy means.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Trusted { get; init; }

    /// <summary>What it can be asked for instead of by name.</summary>
    public ImmutableArray<string> Capabilities { get; init; } = [];

    /// <summary>What pools find it by; null for nothing.</summary>
    public ImmutableArray<string>? Tags { get; init; }

    /// <summary>What a call costs, in the tenant's unit; 0 to 1,000,000.</summary>
    public decimal Cost { get; init; }

    /// <summary>Calls a second over all callers of the tenant, with a burst; null leaves it to the other limits.</summary>
    public CallRate? Rate { get; init; }

    /// <summary>How many calls of it one run may make, compensations not counted; 1 to 1,000,000, null is any number.</summary>
    public int? MaxCalls { get; init; }

    /// <summary>What is done while no address takes calls.</summary>
    public WhenUnavailable WhenUnavailable { get; init; }

    /// <summary>The largest result in bytes that is handed on in place; a larger one becomes an artifact. 1 KiB to 8 MiB; null is 64 KiB for runs and 1 MiB for clients.</summary>
    public int? MaxResultBytes { get; init; }

    /// <summary>What is blanked out of results before anybody sees or records them.</summary>
    public ImmutableArray<Redaction> Redact { get; init; } = [];
}

/// <summary>Calls a second, and how many at once.</summary>
public sealed record CallRate(double PerSecond, int Burst);

public enum WhenUnavailable
{
    /// <summary>The call fails.</summary>
    Fail,

    /// <summary>The last answer to the same arguments of the same caller, at most an hour old and marked as such; of read-only tools only.</summary>
    Cached,

    /// <summary>A run asks people; a client's call fails.</summary>
    Escalate,
}

/// <summary>
/// A part of a result to blank out: values at <see cref="Path"/> (a JSON Pointer in which <c>*</c> stands for any one segment), text that matches
/// <see cref="Pattern"/> (a regular expression of linear time), or with both the matching text at those places.
/// </summary>
public sealed record Redaction(string? Path, string? Pattern);
