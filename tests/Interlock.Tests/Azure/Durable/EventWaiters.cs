namespace Interlock.Tests.Azure.Durable;

/// <summary>
/// External events and who waits for them, by name in any case. The newest waiter gets the event, also when it was cancelled or nobody looks
/// at it any more: then the event is lost. An event without a waiter is kept for the next one.
/// </summary>
internal sealed class EventWaiters
{
    private readonly Dictionary<string, Stack<IWaiter>> waiters = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Queue<string?>> kept = new(StringComparer.OrdinalIgnoreCase);

    private interface IWaiter
    {
        Type Type { get; }

        void Complete(string? payload);
    }

    public bool Any => waiters.Count > 0;

    public Task<T> Wait<T>(string name, CancellationToken cancellationToken)
    {
        var waiter = new Waiter<T>();
        if (!waiters.TryGetValue(name, out var stack))
        {
            waiters[name] = stack = new();
        }
        else if (stack.Peek().Type != typeof(T))
        {
            throw new ArgumentException($"Somebody waits for '{name}' as {stack.Peek().Type}, not {typeof(T)}.");
        }

        stack.Push(waiter);
        if (kept.TryGetValue(name, out var queue))
        {
            var payload = queue.Dequeue();
            if (queue.Count == 0)
            {
                kept.Remove(name);
            }

            Deliver(name, payload);
        }

        cancellationToken.Register(() => waiter.TrySetCanceled(cancellationToken));
        return waiter.Task;
    }

    public void Deliver(string name, string? payload)
    {
        if (!waiters.TryGetValue(name, out var stack))
        {
            Keep(name, payload);
            return;
        }

        var newest = stack.Pop();
        if (stack.Count == 0)
        {
            waiters.Remove(name);
        }

        newest.Complete(payload);
    }

    /// <summary>The events that nobody waited for, which are forgotten here.</summary>
    public IReadOnlyList<(string Name, string? Payload)> TakeKept()
    {
        var taken = kept.SelectMany(queue => queue.Value.Select(payload => (queue.Key, payload))).ToList();
        kept.Clear();
        return taken;
    }

    private void Keep(string name, string? payload)
    {
        if (!kept.TryGetValue(name, out var queue))
        {
            kept[name] = queue = new();
        }

        queue.Enqueue(payload);
    }

    private sealed class Waiter<T> : TaskCompletionSource<T>, IWaiter
    {
        public Type Type => typeof(T);

        public void Complete(string? payload) => TrySetResult(Payloads.Read<T>(payload));
    }
}
