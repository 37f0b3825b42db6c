using Interlock.Core.Intake;
using Interlock.Functions.Runs;
using Interlock.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Interlock.Functions.Edge;

/// <summary>
/// CloudEvents from Event Grid. What can never be taken is logged and done with: repeating would not help. What fails for now throws, and Event
/// Grid delivers it again, after a day to the dead letters.
/// </summary>
public sealed partial class EventFunctions(RunIntake intake, EventSource source, DurableScheduler scheduler, ILogger<EventFunctions> logger)
{
    /// <summary>
    /// One event a call, as text. The host has read it once and written it again, so times in it may be spelled otherwise than they were sent; the
    /// strict reader sees what is left, before any library of ours does.
    /// </summary>
    [Function("events")]
    public async Task ReceiveAsync([EventGridTrigger] string text, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        scheduler.Use(client);
        if (source.Principal is not { } principal)
        {
            Log.NoPublisher(logger);
            return;
        }
        var (happened, error) = Read(text);
        if (happened is null)
        {
            Log.NotAnEvent(logger, error ?? "It is no CloudEvent.");
            return;
        }
        switch (await intake.ReceiveAsync(principal, happened, cancellationToken))
        {
            case IntakeResult.Started started:
                Log.Taken(logger, started.Runs.Count(run => run.IsNew), started.Runs.Count);
                break;
            case IntakeResult.Refused { Problem: { Status: 429 } problem }:
                throw new InvalidOperationException($"The event is to be delivered again: {problem.Rule}.");
            case IntakeResult.Refused refused:
                Log.Refused(logger, refused.Problem.Rule ?? refused.Problem.Title);
                break;
        }
    }

    private static (CloudEvent? Event, string? Error) Read(string text)
    {
        try
        {
            return CloudEvent.Read(StrictJson.Parse(text));
        }
        catch (NotIJsonException e)
        {
            return (null, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "An event was delivered and dropped: no publisher is configured (Interlock__Events__Publisher)")]
        public static partial void NoPublisher(ILogger logger);

        [LoggerMessage(LogLevel.Error, "An event was delivered and dropped: {Error}")]
        public static partial void NotAnEvent(ILogger logger, string error);

        [LoggerMessage(LogLevel.Information, "An event started {New} runs of {All} that it matched")]
        public static partial void Taken(ILogger logger, int @new, int all);

        [LoggerMessage(LogLevel.Warning, "An event was refused: {Rule}")]
        public static partial void Refused(ILogger logger, string rule);
    }
}
