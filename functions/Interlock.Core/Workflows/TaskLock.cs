namespace Interlock.Core.Workflows;

/// <summary>A lock (one place) or semaphore of the tenant that a task holds from before it begins until it, and what it left at upstreams, has ended.</summary>
public sealed record TaskLock(Template Name, int Places)
{
    /// <summary>Names of this form are the runs' own, of their workflow's <see cref="ConcurrencyRule"/>.</summary>
    public const string OwnPrefix = "workflow:";

    private const int MaxName = 200;

    /// <summary>Whether a lock may be called so: 1 to 200 printable characters.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxName && !name.StartsWith(OwnPrefix, StringComparison.Ordinal) && !name.Any(c => char.IsControl(c) || char.IsSurrogate(c));
}

/// <summary>How many runs of a workflow with the same key go on at once, and what becomes of one more.</summary>
/// <param name="Key">Evaluated on the run's input; runs with equal keys count together.</param>
/// <param name="Limit">How many, 1 to 1,000.</param>
/// <param name="OnBusy">What becomes of one more.</param>
public sealed record ConcurrencyRule(Template Key, int Limit, LockContention OnBusy);

/// <summary>What to do while all places of a lock are taken.</summary>
public enum LockContention
{
    /// <summary>Wait, in the order of asking.</summary>
    Queue,

    /// <summary>Fail with <c>lock-held</c>.</summary>
    Reject,

    /// <summary>Cancel the runs that hold one, and wait for them to end.</summary>
    CancelRunning,
}
