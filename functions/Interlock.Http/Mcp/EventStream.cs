namespace Interlock.Http.Mcp;

/// <summary>
/// The response body of a running request: sends the headers when the answer is slow and a comment while it stays silent, so that
/// neither clients nor proxies give up. Writes are serialised; a comment never falls inside an event.
/// </summary>
internal sealed class EventStream(Stream body, McpEndpointOptions options, TimeProvider time) : Stream
{
    private static readonly byte[] Comment = ": keep-alive\n\n"u8.ToArray();

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CancellationTokenSource _ended = new();
    private bool _started;
    private bool _betweenEvents = true;
    private Task _beat = Task.CompletedTask;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Starts the clock; without it the stream only passes bytes on.</summary>
    public void StartBeating(CancellationToken ct) => _beat = BeatAsync(ct);

    /// <summary>Stops the clock and waits until no comment is being written.</summary>
    public async Task StopBeatingAsync()
    {
        await _ended.CancelAsync();
        await _beat;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            _started = true;
            _betweenEvents = buffer.Span.EndsWith("\n\n"u8);
            await body.WriteAsync(buffer, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            // The transport's eager flush would fix the status before an immediate JSON-RPC error could choose it.
            if (_started) await body.FlushAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    public override void Flush() => throw new NotSupportedException("Writes are asynchronous.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Writes are asynchronous.");

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _ended.Dispose();
            _turn.Dispose();
        }
        base.Dispose(disposing);
    }

    private async Task BeatAsync(CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, _ended.Token);
        try
        {
            await Task.Delay(options.FlushHeadersAfter, time, either.Token);
            await BeatOnceAsync(comment: false, either.Token);
            while (true)
            {
                await Task.Delay(options.KeepAliveEvery, time, either.Token);
                await BeatOnceAsync(comment: true, either.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The answer is complete or the client has gone; the request itself reports the latter.
        }
    }

    private async Task BeatOnceAsync(bool comment, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            _started = true;
            if (comment && _betweenEvents) await body.WriteAsync(Comment, CancellationToken.None); // a comment is written whole or not at all
            await body.FlushAsync(CancellationToken.None);
        }
        finally
        {
            _turn.Release();
        }
    }
}
