namespace Interlock.Tests.Azure.Durable;

/// <summary>
/// Lets things happen in an order drawn from a seed: a stimulus of the test, an activity (sometimes twice at once, or on a worker that dies), an
/// instance's turn over some of its messages (sometimes on a worker that dies), or the clock up to the next timer. The same seed gives the same run.
/// </summary>
internal sealed class RandomSchedule(DurableSimulator simulator, int seed)
{
#pragma warning disable CA5394 // Tests want the same numbers again.
    private readonly Random random = new(seed);

    /// <summary>Of a hundred steps, how many do the thing twice.</summary>
    public int Duplicates { get; init; } = 10;

    /// <summary>Of a hundred steps, how many end with the worker's death.</summary>
    public int Crashes { get; init; } = 10;

    /// <summary>What happened, for the message of a failing test.</summary>
    public List<string> Trace { get; } = [];

    /// <summary>Goes on until the stimuli are used up, in their order, and nothing can happen any more.</summary>
    public async Task RunAsync(IEnumerable<Func<Task>> stimuli, int mostSteps = 10_000)
    {
        var waiting = new Queue<Func<Task>>(stimuli);
        for (var step = 0; step < mostSteps; step++)
        {
            List<Func<Task>> choices = [.. simulator.Activities.Select(activity => (Func<Task>)(() => Run(activity))), .. simulator.Runnable.Select(id => (Func<Task>)(() => Turn(id)))];
            if (waiting.Count > 0)
            {
                choices.Add(() => Stimulate(waiting.Dequeue()));
            }

            if (simulator.NextDue is { } due)
            {
                choices.Add(() => Wait(due));
            }

            if (choices.Count == 0)
            {
                return;
            }

            await choices[random.Next(choices.Count)]();
        }

        throw new InvalidOperationException($"Seed {seed} does not come to rest in {mostSteps} steps.");
    }

    private Task Run(PendingActivity activity)
    {
        var chance = random.Next(100);
        Trace.Add($"{activity}{(chance < Duplicates ? ", twice" : chance < Duplicates + Crashes ? ", the worker dies" : string.Empty)}");
        return chance < Duplicates ? activity.RunTwiceAsync() : chance < Duplicates + Crashes ? activity.CrashAsync() : activity.RunAsync();
    }

    private Task Turn(string instanceId)
    {
        var waiting = simulator.Find(instanceId)!.Inbox.Count;
        var messages = random.Next(2) == 0 ? waiting : random.Next(1, waiting + 1);
        var crash = random.Next(100) < Crashes ? (Crash)random.Next(1, 3) : Crash.None;
        Trace.Add($"{messages} messages for {instanceId}, crash: {crash}");
        simulator.TakeTurn(instanceId, messages, crash);
        return Task.CompletedTask;
    }

    private Task Stimulate(Func<Task> stimulus)
    {
        Trace.Add("stimulus");
        return stimulus();
    }

    private Task Wait(DateTimeOffset due)
    {
        Trace.Add($"the clock goes to {due:u}");
        simulator.Advance(due > simulator.Time.Now ? due - simulator.Time.Now : TimeSpan.Zero);
        return Task.CompletedTask;
    }
}
