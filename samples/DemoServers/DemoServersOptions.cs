namespace Interlock.Samples.DemoServers;

/// <summary>How the demo servers behave; the defaults behave well.</summary>
public sealed record DemoServersOptions
{
    /// <summary>Where to listen; port 0 picks a free one.</summary>
    public string Url { get; init; } = "http://127.0.0.1:0";

    /// <summary><c>verify</c> answers with an error result.</summary>
    public bool FailVerify { get; init; }

    /// <summary>A repeated idempotency key does its work again, as careless servers do.</summary>
    public bool IgnoreIdempotency { get; init; }

    /// <summary>How long <c>apply</c> takes after it has changed the service and before it answers.</summary>
    public TimeSpan ApplyDelay { get; init; }
}
