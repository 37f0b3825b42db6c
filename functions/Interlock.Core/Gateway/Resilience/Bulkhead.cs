namespace Interlock.Core.Gateway.Resilience;

/// <summary>The places of one address, and who waits for one, first come first served.</summary>
internal sealed class Bulkhead(int places, int queue, TimeProvider time)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(40); // timers take no more

    private readonly Lock _lock = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = [];
    private int _taken;

    public int Taken
    {
        get
        {
            lock (_lock) return _taken;
        }
    }

    public int Queued
    {
        get
        {
            lock (_lock) return _waiting.Count;
        }
    }

    /// <summary>Takes a place if one is free. While one is, nobody waits.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_taken >= places) return false;
            _taken++;
            return true;
        }
    }

    /// <summary>Takes a place though none may be free: for what is there already.</summary>
    public void Force()
    {
        lock (_lock) _taken++;
    }

    /// <summary>Takes a place, as soon as there is one; who has one gives it back by <see cref="Leave"/>.</summary>
    public async Task<BulkheadEntry> EnterAsync(DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        LinkedListNode<TaskCompletionSource> own;
        lock (_lock)
        {
            if (_taken < places)
            {
                _taken++;
                return BulkheadEntry.Entered;
            }
            if (_waiting.Count >= queue) return BulkheadEntry.Full;
            own = _waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        var left = deadline - time.GetUtcNow();
        try
        {
            await own.Value.Task.WaitAsync(left < TimeSpan.Zero ? TimeSpan.Zero : left < LongestWait ? left : LongestWait, time, cancellationToken);
            return BulkheadEntry.Entered;
        }
        catch (TimeoutException)
        {
            GiveUp(own);
            return BulkheadEntry.TooLate;
        }
        catch (OperationCanceledException)
        {
            GiveUp(own);
            throw;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            if (_waiting.First is not { } next || _taken > places)
            {
                _taken--;
                return;
            }
            _waiting.RemoveFirst(); // the place is the next one's
            next.Value.SetResult();
        }
    }

    private void GiveUp(LinkedListNode<TaskCompletionSource> own)
    {
        lock (_lock)
        {
            if (own.List is not null)
            {
                _waiting.Remove(own);
                return;
            }
        }
        Leave(); // it was given a place meanwhile
    }
}

internal enum BulkheadEntry
{
    Entered,
    Full,
    TooLate,
}
