using System.Security.Cryptography;
using System.Text;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Interlock.Tests.Azure.Durable;

/// <summary>
/// The context of one episode: every call takes the next id, is remembered as an action until the history confirms it, and waits for an event
/// that names the id. Sub-orchestrations, entities and retry handlers are not simulated.
/// </summary>
internal sealed class ReplayContext(TaskName name, string instanceId, string? input, OrchestratorContext thread, ILoggerFactory loggers) : TaskOrchestrationContext
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(3);
    private readonly SortedDictionary<int, HistoryEvent.Action> actions = [];
    private readonly Dictionary<int, (HistoryEvent.Action Action, TaskCompletionSource<string?> Done)> open = [];
    private DateTime now;
    private bool replaying;
    private int nextId;
    private int guids;

    public override TaskName Name => name;

    public override string InstanceId => instanceId;

    public override ParentOrchestrationInstance? Parent => null;

    public override DateTime CurrentUtcDateTime => now;

    public override bool IsReplaying => replaying;

    /// <summary>What the orchestrator did and no history confirms yet, by id.</summary>
    public IReadOnlyCollection<HistoryEvent.Action> Unconfirmed => actions.Values;

    public bool HasOpenTasks => open.Count > 0;

    public IEnumerable<DateTime> OpenTimers => open.Values.Select(task => task.Action).OfType<HistoryEvent.TimerCreated>().Select(timer => timer.FireAt);

    public EventWaiters Events { get; } = new();

    public string? CustomStatus { get; private set; }

    /// <summary>The input of the next generation, once the orchestrator asked for one, with the events that came after.</summary>
    public NextGeneration? Next { get; private set; }

    protected override ILoggerFactory LoggerFactory => loggers;

    public override T GetInput<T>() => Payloads.Read<T>(input);

    public override async Task<TResult> CallActivityAsync<TResult>(TaskName name, object? input = null, TaskOptions? options = null)
    {
        if (input is TaskOptions && options is null)
        {
            throw new ArgumentException("Options were given as the activity's input.", nameof(input));
        }

        if (options?.Retry?.Handler is not null)
        {
            throw new NotSupportedException("Retry handlers are not simulated.");
        }

        var policy = options?.Retry?.Policy;
        var started = now;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return Payloads.Read<TResult>(await Start(id => new HistoryEvent.ActivityScheduled(id, name.Name, Payloads.Write(input))));
            }
            catch (TaskFailedException) when (policy is not null && attempt < policy.MaxNumberOfAttempts
                && (policy.RetryTimeout == Timeout.InfiniteTimeSpan || now - started < policy.RetryTimeout))
            {
                var delay = policy.FirstRetryInterval * Math.Pow(policy.BackoffCoefficient, attempt - 1);
                await CreateTimer(now + (delay < policy.MaxRetryInterval ? delay : policy.MaxRetryInterval), CancellationToken.None);
            }
        }
    }

    public override async Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        var end = fireAt.ToUniversalTime();
        while (end - now > LongestTimer && !cancellationToken.IsCancellationRequested)
        {
            await Timer(now + LongestTimer, cancellationToken);
        }

        await Timer(end, cancellationToken);
    }

    public override Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default)
    {
        Demand();
        return Events.Wait<T>(eventName, cancellationToken);
    }

    public override void SendEvent(string instanceId, string eventName, object payload) => Send(instanceId, eventName, Payloads.Write(payload));

    public override void SetCustomStatus(object? customStatus)
    {
        Demand();
        CustomStatus = Payloads.WriteStatus(customStatus);
    }

    public override Task<TResult> CallSubOrchestratorAsync<TResult>(TaskName orchestratorName, object? input = null, TaskOptions? options = null) =>
        throw new NotSupportedException("Sub-orchestrations are not simulated.");

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true)
    {
        Demand();
        Next = new(Payloads.Write(newInput), []);
        if (preserveUnprocessedEvents)
        {
            foreach (var (eventName, payload) in Events.TakeKept())
            {
                Send(instanceId, eventName, payload);
            }
        }
    }

    public override Guid NewGuid()
    {
        Demand();
        return new(SHA256.HashData(Encoding.UTF8.GetBytes($"{instanceId}|{now:o}|{guids++}")).AsSpan(0, 16));
    }

    public void StartEpisode(DateTime at) => now = at;

    public void Replay(bool past) => replaying = past;

    /// <summary>Takes an action of the history off the list of what the replay did; they must be equal.</summary>
    public void Confirm(HistoryEvent.Action recorded)
    {
        if (!actions.Remove(recorded.Id, out var done) || done != recorded)
        {
            throw new NonDeterministicException(recorded, done);
        }
    }

    /// <summary>A completion that nobody waits for any more, or a second one, does nothing.</summary>
    public void Complete(int id, string? result)
    {
        if (open.Remove(id, out var task))
        {
            task.Done.SetResult(result);
        }
    }

    public void Fail(int id, TaskFailureDetails failure)
    {
        if (open.Remove(id, out var task))
        {
            task.Done.SetException(new TaskFailedException(((HistoryEvent.ActivityScheduled)task.Action).Name, id, failure));
        }
    }

    private Task<string?> Timer(DateTime fireAt, CancellationToken cancellationToken)
    {
        var timer = Start(id => new HistoryEvent.TimerCreated(id, fireAt));
        var created = nextId - 1;
        var done = open[created].Done;
        cancellationToken.Register(() =>
        {
            if (done.TrySetCanceled(cancellationToken))
            {
                open.Remove(created);
            }
        });
        return timer;
    }

    private void Send(string target, string eventName, string? payload)
    {
        Demand();
        var id = nextId++;
        actions.Add(id, new HistoryEvent.EventSent(id, target, eventName, payload));
    }

    private Task<string?> Start(Func<int, HistoryEvent.Action> describe)
    {
        Demand();
        var action = describe(nextId);
        var done = new TaskCompletionSource<string?>();
        actions.Add(nextId, action);
        open.Add(nextId++, (action, done));
        return done.Task;
    }

    private void Demand()
    {
        if (!thread.IsCurrent)
        {
            throw new InvalidOperationException("The orchestrator's context was used outside the orchestrator's thread: something else than a durable task was awaited.");
        }
    }

    internal sealed record NextGeneration(string? Input, List<HistoryEvent> CarriedOver);
}
