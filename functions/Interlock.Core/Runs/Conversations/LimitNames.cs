namespace Interlock.Core.Runs.Conversations;

/// <summary>The limits of a loop, as errors and records name them.</summary>
public static class LimitNames
{
    public const string Steps = "steps";
    public const string Calls = "calls";
    public const string Tokens = "tokens";
    public const string Cost = "cost";
    public const string Time = "time";
    public const string Failures = "consecutiveFailures";
}
