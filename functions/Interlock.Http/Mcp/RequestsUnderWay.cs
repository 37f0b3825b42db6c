using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>
/// The requests that clients of revisions up to 2025-11-25 wait for in this process: they say that one is cancelled and keep its connection. Ids are a client's
/// own, and without sessions two clients of one person may use the same: then neither is stopped.
/// </summary>
internal sealed class RequestsUnderWay
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Client, JsonValue Id), List<CancellationTokenSource>> _requests = [];

    public void Begin(string client, JsonValue id, CancellationTokenSource stop)
    {
        lock (_lock)
        {
            if (!_requests.TryGetValue((client, id), out var same)) _requests[(client, id)] = same = [];
            same.Add(stop);
        }
    }

    public void End(string client, JsonValue id, CancellationTokenSource stop)
    {
        lock (_lock)
        {
            if (_requests.TryGetValue((client, id), out var same) && same.Remove(stop) && same.Count == 0) _requests.Remove((client, id));
        }
    }

    /// <summary>Asks the client's one request of that id to stop.</summary>
    public void Cancel(string client, JsonValue id)
    {
        CancellationTokenSource? only = null;
        lock (_lock)
        {
            if (_requests.TryGetValue((client, id), out var same) && same is [var one]) only = one;
        }
        try
        {
            only?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended.
        }
    }
}
