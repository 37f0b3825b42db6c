using System.Collections.Concurrent;
using Interlock.Core.Runs;
using Interlock.Core.Storage;

namespace Interlock.Core.Intake.Events;

/// <summary>
/// Brings events that were taken to everybody they are for. How far that came stands in the event's row, so that what a dead process left is done by another,
/// and what an event with very many listeners takes is done in parts. Doing a part twice is harmless. Safe to run anywhere, any time, twice at once.
/// </summary>
public sealed class EventDelivery
{
    /// <summary>How long an event is its taker's alone.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>Listeners that the taker of an event tells before it answers; the others are told soon after.</summary>
    public const int ListenersAtOnce = 64;

    /// <summary>Listeners that one pass tells of one event.</summary>
    public const int ListenersPerPass = 2000;

    /// <summary>How long the way outside is tried.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    private static readonly TimeSpan TryAgain = TimeSpan.FromMinutes(1);

    private const int MostAtOnce = 100;
    private const int Abreast = 4;

    private readonly EventStore _events;
    private readonly Listening _listening;
    private readonly Func<ReceivedEvent, CancellationToken, Task> _start;
    private readonly IEventPublisher? _publisher;
    private readonly TimeProvider _time;

    internal EventDelivery(EventStore events, Listening listening, Func<ReceivedEvent, CancellationToken, Task> start, IEventPublisher? publisher, TimeProvider time) =>
        (_events, _listening, _start, _publisher, _time) = (events, listening, start, publisher, time);

    /// <summary>Delivers what is due, and forgets old events; one that fails does not keep the others from going on.</summary>
    /// <param name="tenant">Whose events.</param>
    /// <param name="all">Whether there is no other process: then all that is not delivered is due.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    public async Task<EventPass> RunAsync(TenantId tenant, bool all = false, CancellationToken cancellationToken = default)
    {
        var now = _time.GetUtcNow();
        var due = await _events.DueAsync(tenant, all ? DateTimeOffset.MaxValue : now, MostAtOnce, cancellationToken);
        var delivered = 0;
        var failed = new ConcurrentQueue<(string Event, Exception Error)>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = Abreast, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(due, options, async (row, stopping) =>
        {
            try
            {
                var delivery = Read(row);
                if (await _events.MoveAsync(row, delivery, _time.GetUtcNow() + Lease, stopping) is not { } claimed) return;
                if (await _events.FindAsync(tenant, EventRows.EventOf(row.Key.Row), stopping) is not { } received) await _events.EndAsync(claimed, stopping);
                else if (await GoOnAsync(received, delivery, claimed, ListenersPerPass, stopping)) Interlocked.Increment(ref delivered);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                failed.Enqueue((row.Key.Row, e));
            }
        });
        return new EventPass(delivered, await _events.PurgeAsync(tenant, now, cancellationToken), [.. failed]);
    }

    /// <summary>What is to be done after the workflows were started; whether it was all.</summary>
    internal Task<bool> GoOnAsync(ReceivedEvent received, TableRow due, CancellationToken cancellationToken) =>
        GoOnAsync(received, new Delivery(DeliveryStage.Listeners), due, ListenersAtOnce, cancellationToken);

    private async Task<bool> GoOnAsync(ReceivedEvent received, Delivery delivery, TableRow due, int left, CancellationToken cancellationToken)
    {
        while (delivery.Stage != DeliveryStage.Done)
        {
            switch (delivery.Stage)
            {
                case DeliveryStage.Workflows:
                    await _start(received, cancellationToken);
                    delivery = new Delivery(DeliveryStage.Listeners);
                    break;
                case DeliveryStage.Listeners or DeliveryStage.AnyListeners when left == 0:
                    await _events.MoveAsync(due, delivery, _time.GetUtcNow(), cancellationToken);
                    return false;
                case DeliveryStage.Listeners or DeliveryStage.AnyListeners:
                    var most = Math.Min(left, ListenersAtOnce);
                    var type = delivery.Stage == DeliveryStage.Listeners ? received.Event["type"]?.StringOrNull() : null;
                    delivery = await _listening.TellAsync(received, type, delivery.After, most, cancellationToken) is { } last
                        ? delivery with { After = last }
                        : new Delivery(delivery.Stage + 1);
                    if (delivery.After is not null) left -= most;
                    break;
                case DeliveryStage.Outside:
                    if (!await IsOutsideAsync(received, cancellationToken))
                    {
                        await _events.MoveAsync(due, delivery, _time.GetUtcNow() + TryAgain, cancellationToken);
                        return false;
                    }
                    delivery = new Delivery(DeliveryStage.Done);
                    break;
            }
        }
        await _events.EndAsync(due, cancellationToken);
        return true;
    }

    /// <summary>Whether an event that a run emitted was published, need not be, or will not be.</summary>
    private async Task<bool> IsOutsideAsync(ReceivedEvent received, CancellationToken cancellationToken)
    {
        if (_publisher is null || received.Cause is null) return true;
        var (happened, _) = CloudEvent.Read(received.Event.With(CloudEvent.OwnKey, received.Key));
        return happened is null || await _publisher.PublishAsync(happened, cancellationToken) || _time.GetUtcNow() - received.ArrivedAt >= Patience;
    }

    private static Delivery Read(TableRow row) => RunJson.FromValue<Delivery>(row.Body);
}

/// <summary>How many events came to their end, how many old ones were forgotten, and which could not be delivered now.</summary>
public sealed record EventPass(int Delivered, int Forgotten, IReadOnlyList<(string Event, Exception Error)> Failed);
