using Interlock.Tests.Identity;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Azure.Durable;

/// <summary>
/// A task hub and its worker in memory, as Durable Functions on Azure Storage behaves: orchestrators are replayed from their start in every
/// episode, activities run at least once, timers fire by <see cref="Time"/>. Nothing happens unless the test lets it.
/// </summary>
internal sealed class DurableSimulator(ILoggerFactory? loggers = null)
{
    private const int MostSteps = 100_000;
    private readonly Dictionary<string, Func<TaskOrchestrationContext, Task>> orchestrators = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Func<string?, Task<string?>>> activities = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Instance> instances = new(StringComparer.Ordinal);
    private readonly List<PendingActivity> queue = [];
    private readonly List<(DateTimeOffset Due, Message Message)> scheduled = [];
    private readonly Lock gate = new();
    private int names;

    /// <summary>The clock of the hub, which moves by <see cref="Advance"/>.</summary>
    public ManualTime Time { get; } = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public DurableTaskClient Client => field ??= new SimulatedClient(this);

    /// <summary>What waits to be run, the oldest first.</summary>
    public IReadOnlyList<PendingActivity> Activities => Locked(() => queue.ToList());

    /// <summary>Instances with messages that no episode has taken yet.</summary>
    public IReadOnlyList<string> Runnable => Locked(() => instances.Values.Where(instance => instance.HasWork).Select(instance => instance.InstanceId).ToList());

    /// <summary>When the next timer fires or the next delayed instance starts, also of executions that are over or cancelled it.</summary>
    public DateTimeOffset? NextDue => Locked<DateTimeOffset?>(() => scheduled.Count == 0 ? null : scheduled.Min(entry => entry.Due));

    /// <summary>Timers that orchestrators still wait for or have forgotten: each keeps its instance running.</summary>
    public int ArmedTimers => Locked(() => instances.Values.Sum(instance => instance.OpenTimers.Count));

    /// <summary>How often an orchestrator was run from its start.</summary>
    public int Episodes { get; private set; }

    /// <summary>Messages to instances that do not exist or are over, answers to former executions, events before the start: nobody is told.</summary>
    public int Dropped { get; private set; }

    public void AddOrchestrator(string name, Func<TaskOrchestrationContext, Task> orchestrator) => orchestrators[name] = orchestrator;

    public void AddOrchestrator<TResult>(string name, Func<TaskOrchestrationContext, Task<TResult>> orchestrator) => orchestrators[name] = orchestrator;

    public void AddActivity<TInput, TResult>(string name, Func<TInput, Task<TResult>> activity) =>
        activities[name] = async input => Payloads.Write(await activity(Payloads.Read<TInput>(input)));

    /// <summary>One function for several activities; the input is a <see cref="System.Text.Json.JsonElement"/> or null.</summary>
    public void AddActivities(IEnumerable<string> names, Func<string, object?, Task<object?>> activity)
    {
        foreach (var name in names)
        {
            activities[name] = async input => Payloads.Write(await activity(name, Payloads.Read<object?>(input)));
        }
    }

    public Instance? Find(string instanceId) => Locked(() => instances.GetValueOrDefault(instanceId));

    /// <summary>Runs episodes and activities, one after the other, until nothing is left that could happen without the clock.</summary>
    public async Task SettleAsync()
    {
        for (var step = 0; step < MostSteps; step++)
        {
            if (Runnable is [var instanceId, ..])
            {
                TakeTurn(instanceId);
            }
            else if (Activities is [var activity, ..])
            {
                await activity.RunAsync();
            }
            else
            {
                return;
            }
        }

        throw new InvalidOperationException("The instances do not come to rest.");
    }

    /// <summary>Runs episodes, and no activity, until every message is taken.</summary>
    public void RunOrchestrators()
    {
        while (Runnable is [var instanceId, ..])
        {
            TakeTurn(instanceId);
        }
    }

    /// <summary>
    /// Gives the first <paramref name="messages"/> of an instance's messages to a worker. With a <paramref name="crash"/> the worker dies and
    /// the messages stay: before it has sent anything, or after it has sent what the orchestrator did and before the history is written.
    /// </summary>
    public void TakeTurn(string instanceId, int messages = int.MaxValue, Crash crash = Crash.None)
    {
        if (Find(instanceId) is not { } instance)
        {
            return; // purged meanwhile
        }

        IReadOnlyList<Message> batch;
        lock (gate)
        {
            var waiting = instance.Inbox.Count;
            batch = instance.Take(messages);
            Dropped += waiting - instance.Inbox.Count - batch.Count;
        }

        if (batch.Count == 0 || Drop(instance, batch))
        {
            return;
        }

        var turn = Turn.Of(instance, batch, orchestrators[instance.Name.Name], Time.Now.UtcDateTime, NewName, loggers ?? NullLoggerFactory.Instance);
        Episodes += turn.Generation + 1;
        lock (gate)
        {
            if (crash != Crash.None)
            {
                instance.Inbox.InsertRange(0, batch);
            }

            if (crash != Crash.BeforeSending)
            {
                turn.Actions.ForEach(entry => Send(instance, entry.ExecutionId, entry.Action));
            }

            if (crash == Crash.None)
            {
                instance.Record(turn, Time.Now);
            }
        }
    }

    /// <summary>Moves the clock; timers due by then fire, in the order of their times. Episodes come with the next step.</summary>
    public void Advance(TimeSpan by)
    {
        lock (gate)
        {
            Time.Now += by;
            foreach (var entry in scheduled.Where(entry => entry.Due <= Time.Now).OrderBy(entry => entry.Due).ToList())
            {
                scheduled.Remove(entry);
                Deliver(entry.Message);
            }
        }
    }

    internal IReadOnlyList<Instance> All() => Locked(() => instances.Values.OrderBy(instance => instance.InstanceId, StringComparer.Ordinal).ToList());

    internal string NewName() => $"{Interlocked.Increment(ref names):x8}";

    internal void Create(string instanceId, TaskName name, string? input, DateTimeOffset? startAt)
    {
        if (!orchestrators.ContainsKey(name.Name))
        {
            throw new InvalidOperationException($"No orchestrator is called '{name}'.");
        }

        lock (gate)
        {
            var instance = new Instance(instanceId, name, NewName(), input, Time.Now);
            instances[instanceId] = instance;
            Schedule(startAt ?? Time.Now, new(instanceId, instance.ExecutionId, new HistoryEvent.ExecutionStarted(input)));
        }
    }

    internal bool Delete(string instanceId) => Locked(() => instances.Remove(instanceId));

    internal void Post(Message message)
    {
        lock (gate)
        {
            Deliver(message);
        }
    }

    internal void Remove(PendingActivity activity)
    {
        lock (gate)
        {
            if (!queue.Remove(activity))
            {
                throw new InvalidOperationException($"{activity} is no longer in the queue.");
            }
        }
    }

    internal Task<string?> ExecuteAsync(string name, string? input) => activities.TryGetValue(name, out var activity)
        ? activity(input)
        : throw new InvalidOperationException($"No activity is called '{name}'.");

    /// <summary>An instance that is over takes nothing; one that has not started takes nothing but its start, and ends at once when terminated.</summary>
    private bool Drop(Instance instance, IReadOnlyList<Message> batch)
    {
        if (!instance.IsOver && (instance.History.Count > 0 || batch.Any(message => message.Event is HistoryEvent.ExecutionStarted)))
        {
            return false;
        }

        if (!instance.IsOver && batch.Select(message => message.Event).OfType<HistoryEvent.ExecutionTerminated>().LastOrDefault() is { } terminated)
        {
            instance.Terminate(terminated.Output, Time.Now);
        }

        Dropped += batch.Count;
        return true;
    }

    private void Send(Instance from, string executionId, HistoryEvent.Action action)
    {
        switch (action)
        {
            case HistoryEvent.ActivityScheduled activity:
                queue.Add(new(this, from.InstanceId, executionId, activity.Id, activity.Name, activity.Input));
                break;
            case HistoryEvent.TimerCreated timer:
                Schedule(new(timer.FireAt), new(from.InstanceId, executionId, new HistoryEvent.TimerFired(timer.Id)));
                break;
            case HistoryEvent.EventSent sent:
                Deliver(new(sent.InstanceId, null, new HistoryEvent.EventRaised(sent.Name, sent.Payload)));
                break;
        }
    }

    private void Schedule(DateTimeOffset due, Message message)
    {
        if (due <= Time.Now)
        {
            Deliver(message);
        }
        else
        {
            scheduled.Add((due, message));
        }
    }

    private void Deliver(Message message)
    {
        if (instances.TryGetValue(message.InstanceId, out var instance) && !instance.IsOver)
        {
            instance.Inbox.Add(message);
        }
        else
        {
            Dropped++;
        }
    }

    private T Locked<T>(Func<T> read)
    {
        lock (gate)
        {
            return read();
        }
    }
}
