using System.Collections.Concurrent;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Interlock.Tests.Azure.Storage;

/// <summary>What happens to one sending of one request.</summary>
internal enum Fault
{
    None,

    /// <summary>It arrives and is answered; the answer gets lost.</summary>
    AnswerLost,

    /// <summary>It never arrives.</summary>
    Unreachable,

    /// <summary>503: the service is busy and did nothing.</summary>
    Busy,

    /// <summary>500 after it did what was asked.</summary>
    FailedAfter,
}

/// <summary>The faults of the next sendings, in order; then none. Also counts sendings.</summary>
internal sealed class Faults
{
    private readonly ConcurrentQueue<Fault> _next = new();
    private int _sent;

    public int Sent => Volatile.Read(ref _sent);

    /// <summary>Runs before a request is sent, so that others can come in between.</summary>
    public Func<int, Task>? Before { get; set; }

    public void Next(params ReadOnlySpan<Fault> faults)
    {
        foreach (var fault in faults) _next.Enqueue(fault);
    }

    public async ValueTask SendAsync(HttpMessage message, Func<ValueTask> send)
    {
        var number = Interlocked.Increment(ref _sent);
        var fault = _next.TryDequeue(out var next) ? next : Fault.None;
        if (Before is { } before) await before(number);
        if (fault == Fault.Unreachable) throw new RequestFailedException("The connection was refused.", new IOException());
        if (fault != Fault.Busy) await send();
        switch (fault)
        {
            case Fault.AnswerLost:
                throw new RequestFailedException("The connection was reset.", new IOException());
            case Fault.Busy:
                message.Response = new StubResponse(503) { Error = new ServiceError(503, "ServerBusy") };
                break;
            case Fault.FailedAfter:
                message.Response = new StubResponse(500) { Error = new ServiceError(500, "OperationTimedOut") };
                break;
        }
    }
}

/// <summary>A transport with faults before another one.</summary>
internal sealed class FaultyTransport(Faults faults, HttpPipelineTransport inner) : HttpPipelineTransport
{
    public override Request CreateRequest() => inner.CreateRequest();

    public override void Process(HttpMessage message) => throw new NotSupportedException();

    public override ValueTask ProcessAsync(HttpMessage message) => faults.SendAsync(message, () => inner.ProcessAsync(message));
}
