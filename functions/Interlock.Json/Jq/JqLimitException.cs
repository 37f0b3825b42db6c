namespace Interlock.Json.Jq;

/// <summary>A program went over a limit of its scope. No program can catch it.</summary>
public sealed class JqLimitException(string limit, string message) : Exception(message)
{
    /// <summary><c>steps</c>, <c>depth</c> or <c>output</c>.</summary>
    public string Limit { get; } = limit;
}
