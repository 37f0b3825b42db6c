using System.Collections.Concurrent;
using Interlock.Core.Audit;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Hosting;

/// <summary>
/// Refusals of a kind, counted in memory and recorded once a minute, so that a flood fills neither memory nor the audit. A count whose recording broke off is recorded again under the same id,
/// which the audit takes once. The last minute of a process may be lost.
/// </summary>
internal sealed partial class RefusalCounts<TKind>(InterlockWeb web, int mostKinds, Func<TKind, long, string, (AuditChain Chain, AuditRecord Record)> record)
    where TKind : notnull
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<TKind, long> _counts = new();
    private readonly ConcurrentQueue<(TKind Kind, long Count, string Id)> _begun = new();
    private readonly ILogger _logger = web.Loggers.CreateLogger("Interlock.Http.Hosting.RefusalCounts");
    private ITimer? _timer;
    private int _waiting;

    /// <summary>Counts one, under the other kind when there are too many.</summary>
    public void Add(TKind kind, TKind others)
    {
        if (_counts.Count >= mostKinds && !_counts.ContainsKey(kind)) kind = others;
        _counts.AddOrUpdate(kind, 1, static (_, count) => count + 1);
        Await();
    }

    /// <summary>Whether it is the first of its kind, and there is room to remember it: then it is the caller's to record, and the next ones are counted.</summary>
    public bool IsFirst(TKind kind)
    {
        if (_counts.Count >= mostKinds || !_counts.TryAdd(kind, 0)) return false;
        Await();
        return true;
    }

    /// <summary>Records what was counted; what can't be recorded now is tried again in a minute.</summary>
    public async Task WriteAsync()
    {
        _timer?.Dispose();
        Interlocked.Exchange(ref _waiting, 0);
        foreach (var kind in _counts.Keys.ToList())
            if (_counts.TryRemove(kind, out var counted) && counted > 0) _begun.Enqueue((kind, counted, Guid.NewGuid().ToString("N")));
        while (_begun.TryDequeue(out var begun))
        {
            try
            {
                var (chain, written) = record(begun.Kind, begun.Count, begun.Id);
                await web.Audit.AppendAsync(chain, [written], [], CancellationToken.None);
            }
            catch (Exception e)
            {
                Log.NotRecorded(_logger, e, begun.Count);
                _begun.Enqueue(begun);
                Await();
                return;
            }
        }
    }

    private void Await()
    {
        if (Interlocked.Exchange(ref _waiting, 1) == 0) _timer = web.Time.CreateTimer(_ => _ = WriteAsync(), null, Minute, Timeout.InfiniteTimeSpan);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "{Count} refusals could not be recorded; they are recorded later")]
        public static partial void NotRecorded(ILogger logger, Exception e, long count);
    }
}
