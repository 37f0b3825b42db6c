using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Tests.Gateway;

/// <summary>Answers what a test scripted, in order, and keeps every call it saw. A call that nobody scripted fails the test when its world ends.</summary>
internal sealed class StubUpstream : IUpstream
{
    private readonly ConcurrentQueue<Func<UpstreamCall, CancellationToken, Task<UpstreamResult>>> _script = new();
    private Func<UpstreamCall, UpstreamResult>? _always;
    private int _unscripted;
    private int _untaken;

    public ConcurrentQueue<UpstreamCall> Calls { get; } = new();

    public int Unscripted => _unscripted;

    /// <summary>Calls that certainly were not done: one intent covers the next try too.</summary>
    public int Untaken => _untaken;

    /// <summary>What must hold whenever a call arrives here.</summary>
    public Func<UpstreamCall, Task> OnArrival { get; set; } = _ => Task.CompletedTask;

    public static UpstreamResult Done(JsonValue? output = null) => new UpstreamResult.Completed(output ?? JsonValue.Object(("ok", true)), false);

    public static UpstreamResult Lost() => new UpstreamResult.Unknown(new Problem(ProblemTypes.InDoubt, 504, "No answer", "The connection was lost."));

    public StubUpstream Then(params UpstreamResult[] results)
    {
        foreach (var result in results) Then((_, _) => Task.FromResult(result));
        return this;
    }

    public StubUpstream Then(Func<UpstreamCall, CancellationToken, Task<UpstreamResult>> answer)
    {
        _script.Enqueue(answer);
        return this;
    }

    public void Always(Func<UpstreamCall, UpstreamResult> answer) => _always = answer;

    public async Task<UpstreamResult> InvokeAsync(UpstreamCall call, CancellationToken ct)
    {
        Calls.Enqueue(call);
        await OnArrival(call);
        var result = await AnswerAsync(call, ct);
        if (result is UpstreamResult.NotSent or UpstreamResult.Rejected { RetryAfter: not null } or UpstreamResult.Unknown { RetryAfter: not null }) Interlocked.Increment(ref _untaken);
        return result;
    }

    private async Task<UpstreamResult> AnswerAsync(UpstreamCall call, CancellationToken ct)
    {
        if (_script.TryDequeue(out var next)) return await next(call, ct);
        if (_always is { } always) return always(call);
        Interlocked.Increment(ref _unscripted);
        return Lost();
    }
}
