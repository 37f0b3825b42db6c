using System.Globalization;
using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.Core.Gateway.Usage;

/// <summary>
/// What one caller used of one tool in one hour (UTC), in one run or outside runs. Calls are attempts with an outcome; one of which only a question came is none. Cost is in
/// millionths of the tenant's unit.
/// </summary>
public sealed record Usage(string Hour, string Caller, string Tool, string? Run)
{
    private const string HourFormat = "yyyy-MM-ddTHH";

    public long Calls { get; init; }
    public long Failures { get; init; }
    public long Unknown { get; init; }
    public long Refusals { get; init; }
    public long DurationMs { get; init; }
    public long Bytes { get; init; }
    public long Cost { get; init; }
    public long InputTokens { get; init; }
    public long OutputTokens { get; init; }

    /// <summary>The workflow of the run.</summary>
    public string? Workflow { get; init; }

    public static string HourOf(DateTimeOffset at) => at.UtcDateTime.ToString(HourFormat, CultureInfo.InvariantCulture);

    /// <summary>What a record adds; null for one that is nobody's call. An outcome after an unknown one takes its place.</summary>
    public static Usage? Of(AuditRecord record)
    {
        if (record.Type is not (AuditTypes.CallOutcome or AuditTypes.CallRefused) || record.Actors is not [var caller, ..]) return null;
        var usage = new Usage(HourOf(record.Time), caller, record.Target ?? "", record.Run?.Value) { Workflow = record.WorkflowName };
        if (record.Type == AuditTypes.CallRefused) return usage with { Refusals = 1 };
        if (record.Outcome == "input-required") return usage;
        var isLate = record.Details?["late"] is not null;
        var tokens = record.Details?["tokens"]; // known of an answer only, so no unknown outcome counted them or what they cost
        return usage with
        {
            Calls = isLate ? 0 : 1,
            Failures = record.Outcome == "failed" ? 1 : 0,
            Unknown = isLate ? -1 : record.Outcome == "unknown" ? 1 : 0,
            DurationMs = isLate ? 0 : record.DurationMs ?? 0,
            Bytes = Number(record.Details, "bytes"),
            Cost = isLate && tokens is null ? 0 : Number(record.Details, "cost"),
            InputTokens = Number(tokens, "input"),
            OutputTokens = Number(tokens, "output"),
        };
    }

    public Usage Plus(Usage other) => this with
    {
        Calls = Calls + other.Calls,
        Failures = Failures + other.Failures,
        Unknown = Unknown + other.Unknown,
        Refusals = Refusals + other.Refusals,
        DurationMs = DurationMs + other.DurationMs,
        Bytes = Bytes + other.Bytes,
        Cost = Cost + other.Cost,
        InputTokens = InputTokens + other.InputTokens,
        OutputTokens = OutputTokens + other.OutputTokens,
        Workflow = Workflow ?? other.Workflow,
    };

    private static long Number(JsonValue? of, string name) => of?[name] is { IsNumber: true } number ? (long)number.AsNumber() : 0;
}
