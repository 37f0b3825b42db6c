namespace Interlock.Json.Jq;

/// <summary>Steps that several evaluations may take together; not for evaluations that run at the same time.</summary>
public sealed class JqBudget(long steps)
{
    public long Left { get; private set; } = steps;

    /// <summary>Takes steps from what is left; false when there were not as many.</summary>
    internal bool TryTake(long steps) => (Left -= steps) >= 0;
}
