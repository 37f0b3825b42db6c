using Interlock.Core.Gateway;
using Interlock.Http.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Mcp;

/// <summary>
/// Answers a call with what came of it or, when that takes longer than an answer may, with a handle. Until then the client's leaving cancels the call; from
/// then on only its deadline and the host's stopping end it, and the request goes on in <see cref="CallRemainder"/>.
/// </summary>
internal sealed partial class CallAnswers(InterlockWeb web, CallHandles handles)
{
    private readonly ILogger<CallAnswers> _logger = web.Loggers.CreateLogger<CallAnswers>();

    /// <summary>How the call ended, or the handle it is answered with.</summary>
    public async Task<(GatewayResult? Result, CallHandle? Handle)> OfAsync(HttpContext context, McpCaller caller, GatewayCall call, string name, CancellationToken cancellationToken)
    {
        if (web.Options.AnswerWithin is not { } within) return (await web.Gateway.CallAsync(call, cancellationToken), null);
        var remainder = context.Features.GetRequiredFeature<CallRemainder>();
        var handle = new CallHandle(call.Effect, name, call.Target, web.Time.GetUtcNow(), call.Deadline);
        var stop = new CancellationTokenSource();
        var leaving = cancellationToken.UnsafeRegister(static source => Cancel(source), stop);
        var handedOver = false;
        var work = web.Gateway.CallAsync(call, stop.Token);
        try
        {
            var left = within - web.Time.GetElapsedTime(remainder.Since);
            if (await EndsAsync(work, left > TimeSpan.Zero ? left : TimeSpan.Zero) || cancellationToken.IsCancellationRequested)
                return await work is GatewayResult.UnderWay ? (null, await handles.GiveAsync(caller, handle, cancellationToken)) : (await work, null);
            handle = await handles.GiveAsync(caller, handle, cancellationToken);
            await leaving.DisposeAsync();
            (handedOver, remainder.Work) = (true, FinishAsync(caller, handle, work, stop));
            return (null, handle);
        }
        catch when (!work.IsCompleted)
        {
            await stop.CancelAsync();
            (handedOver, remainder.Work) = (true, FinishAsync(caller, handle, work, stop));
            throw;
        }
        finally
        {
            await leaving.DisposeAsync();
            if (!handedOver) stop.Dispose();
        }
    }

    private async Task<bool> EndsAsync(Task work, TimeSpan within)
    {
        try
        {
            await work.WaitAsync(within, web.Time);
            return true;
        }
        catch (TimeoutException)
        {
            return work.IsCompleted; // the time is over, or the call itself ended so
        }
    }

    private async Task FinishAsync(McpCaller caller, CallHandle handle, Task<GatewayResult> work, CancellationTokenSource stop)
    {
        using (stop)
        await using (web.Stopping.UnsafeRegister(static source => Cancel(source), stop))
        {
            try
            {
                await handles.EndAsync(caller, handle, await work);
            }
            catch (Exception e)
            {
                Log.Lost(_logger, e, handle.Effect.Value); // the handle's holder learns from the ledger what is known
            }
        }
    }

    private static void Cancel(object? source) => ((CancellationTokenSource)source!).Cancel(); // registered with one

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The call {Effect} went on after its answer and failed")]
        public static partial void Lost(ILogger logger, Exception e, string effect);
    }
}
