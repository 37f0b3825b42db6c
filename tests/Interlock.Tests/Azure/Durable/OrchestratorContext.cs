namespace Interlock.Tests.Azure.Durable;

/// <summary>Runs an orchestrator's continuations at once on the episode's thread. One that comes from another thread means that it awaited something else than a durable task.</summary>
internal sealed class OrchestratorContext : SynchronizationContext
{
    private readonly int thread = Environment.CurrentManagedThreadId;

    /// <summary>Whether the caller is the orchestrator of this episode, which has not ended.</summary>
    public bool IsCurrent => !Ended && Environment.CurrentManagedThreadId == thread;

    public bool Ended { get; private set; }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (IsCurrent)
        {
            d(state);
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => Post(d, state);

    public void Run(Action episode)
    {
        var previous = Current;
        SetSynchronizationContext(this);
        try
        {
            episode();
        }
        finally
        {
            Ended = true;
            SetSynchronizationContext(previous);
        }
    }
}
