using Interlock.Json;

namespace Interlock.Core.Gateway.Results;

/// <summary>
/// What an upstream says beside its results: progress, log messages, the words of its errors. What the operator's patterns find is blanked out there too; what they
/// can't be run on is kept back.
/// </summary>
internal static class Overheard
{
    /// <summary>The caller's link that hears nothing else.</summary>
    public static CallerLink? Of(CallContract contract, CallerLink? link) => link is null ? null : link with { Progress = Heard(contract, link.Progress), Log = Heard(contract, link.Log) };

    /// <summary>A failure in words that may be shown; an answer is <see cref="ResultIntake"/>'s.</summary>
    public static UpstreamResult Of(CallContract contract, UpstreamResult result) => result switch
    {
        UpstreamResult.NotSent notSent => notSent with { Problem = Said(contract, notSent.Problem) },
        UpstreamResult.Unknown unknown => unknown with { Problem = Said(contract, unknown.Problem) },
        UpstreamResult.Rejected rejected => rejected with { Problem = Said(contract, rejected.Problem) },
        _ => result,
    };

    private static Action<JsonValue>? Heard(CallContract contract, Action<JsonValue>? hears) => hears is null ? null : said =>
    {
        if (Redacted(contract, said) is { } shown) hears(shown);
    };

    private static Problem Said(CallContract contract, Problem problem) => problem with
    {
        Detail = problem.Detail is null ? null : Redacted(contract, problem.Detail)?.StringOrNull(),
        Needs = problem.Needs is null ? null : Redacted(contract, problem.Needs),
    };

    private static JsonValue? Redacted(CallContract contract, JsonValue value)
    {
        try
        {
            return new Redactor(contract.Tool.Redact).Everywhere(value);
        }
        catch (Exception e) when (Redactor.IsUnfit(e))
        {
            return null;
        }
    }
}
