namespace Interlock.Core.Gateway.Resilience;

/// <summary>What a call's end says of the address that it went to.</summary>
internal enum Verdict
{
    Good,
    Bad,

    /// <summary>Nothing: the call was cancelled, refused before it left, or had too little time for anybody to answer.</summary>
    Uncounted,
}

internal static class Verdicts
{
    /// <summary>Who gives an upstream less than this learns nothing of it by hearing nothing: no caller's haste opens a circuit for others.</summary>
    private static readonly TimeSpan FairTime = TimeSpan.FromSeconds(1);

    public static bool IsFair(TimeSpan given) => given >= FairTime;

    /// <summary>A tool that says that it failed and a 4xx are answers; an upstream that has no time, is not there or makes no sense is none.</summary>
    public static Verdict Of(UpstreamResult result, TimeSpan given) => result switch
    {
        UpstreamResult.NotSent { IsFinal: true } => Verdict.Uncounted,
        UpstreamResult.NotSent notSent => Of(notSent.Problem, given),
        UpstreamResult.Unknown unknown => Of(unknown.Problem, given),
        UpstreamResult.Rejected { RetryAfter: not null } or UpstreamResult.Completed { Problem.Status: >= 500 } => Verdict.Bad,
        _ => Verdict.Good,
    };

    private static Verdict Of(Problem problem, TimeSpan given) => problem.Type switch
    {
        ProblemTypes.Cancelled => Verdict.Uncounted,
        ProblemTypes.Timeout when !IsFair(given) => Verdict.Uncounted,
        _ => Verdict.Bad,
    };
}
