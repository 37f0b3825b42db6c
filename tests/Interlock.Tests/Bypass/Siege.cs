using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Gateway;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Bypass;

/// <summary>
/// Runs of a random document, two at a time, and between their steps people who decide well and badly, time that passes, and somebody who forges events, rows and calls.
/// The same for the same seed.
/// </summary>
internal sealed class Siege
{
    private const int Steps = 70;
    private const int MostKept = 4;

    private readonly Random _random;
    private readonly Works _works;
    private readonly Principal[] _people;
    private readonly List<RunId> _open = [];
    private readonly Dictionary<GateId, List<JsonValue>> _rows = [];
    private int _runs;

    private Siege(int seed, Works works)
    {
        (_random, _works, Witness) = (new Random(seed), works, new Witness(works));
        works.World.Upstream.OnArrival = Witness.ArrivedAsync;
        works.World.Upstream.Always(_ => _random.Next(5) == 0 ? new UpstreamResult.Completed("no", IsError: true) : StubUpstream.Done());
        var directory = works.World.Directory;
        _people =
        [
            directory.Add(World.Tenant, "ana", "sre"), works.World.Sam, works.World.Zoe, directory.Add(World.Tenant, "max", "sre"), directory.Add(World.Tenant, "eve", "others"),
            directory.Add(new Principal(World.Tenant, "sam2", PrincipalKind.User, "sam2", ["sre"], []) { Person = "sam" }),
        ];
    }

    public Witness Witness { get; }

    /// <summary>What was done, by name, and how often.</summary>
    public Dictionary<string, int> Done { get; } = [];

    public static async Task<Siege> RunAsync(int seed)
    {
        await using var works = await Works.CreateAsync();
        var siege = new Siege(seed, works);
        await siege.RunAsync(GatedDocuments.Of(seed));
        return siege;
    }

    private async Task RunAsync(Core.Workflows.WorkflowDefinition definition)
    {
        for (var step = 0; step < Steps; step++)
        {
            while (_open.Count < 2) await StartAsync(definition);
            var run = _open[_random.Next(_open.Count)];
            await MoveAsync(run);
            await RememberAsync(run);
            await NextAsync(run);
            if ((await _works.StateAsync(run)).Status.IsClosed()) _open.Remove(run);
        }
    }

    private async Task StartAsync(Core.Workflows.WorkflowDefinition definition)
    {
        var run = new RunId($"{++_runs:x32}");
        _open.Add(run);
        Witness.Runs(run);
        var digest = await _works.Catalog.StoreAsync(World.Tenant, definition.Document, World.Token);
        var origin = new RunOrigin(_works.World.Ana, "user:owner", "api");
        await _works.Host.StartAsync(new StartRun(World.Tenant, new WorkflowRef("test/doc", "1.0.0", digest), origin, JsonValue.Object(("service", "mail"))) { Id = run }, World.Token);
    }

    private Task NextAsync(RunId run)
    {
        var (name, act) = _random.Next(20) switch
        {
            <= 10 => ("decide", (Func<RunId, Task>)DecideAsync),
            11 => ("time", _ => Act(() => _works.World.Time.Now += TimeSpan.FromMinutes(_random.Next(1, 45)))),
            12 => ("delegate", DelegateAsync),
            13 => ("event", ForgeEventAsync),
            14 => ("row", ForgeRowAsync),
            15 => ("other row", CopyRowAsync),
            16 or 17 => ("call", ForgeCallAsync),
            18 => ("again", AgainAsync),
            _ => ("control", ControlAsync),
        };
        Done[name] = Done.GetValueOrDefault(name) + 1;
        return act(run);
    }

    /// <summary>Some of what is outstanding, at times twice at once.</summary>
    private async Task MoveAsync(RunId run)
    {
        for (var i = 0; i < 8; i++)
        {
            var plan = await _works.Driver.AdvanceAsync(World.Tenant, run, default, World.Token);
            if (plan is not { Calls.Count: > 0 }) return;
            foreach (var call in plan.Calls.Where(_ => _random.Next(4) > 0))
            {
                var twice = _random.Next(6) == 0 ? 2 : 1;
                await Task.WhenAll(Enumerable.Range(0, twice).Select(_ => _works.Driver.CallAsync(World.Tenant, run, new EffectId(call), World.Token)));
            }
        }
    }

    /// <summary>One of the gates, also of those that are long closed, by one of the people, on what is shown or on what was.</summary>
    private async Task DecideAsync(RunId run)
    {
        if (await OpenGateAsync(run) is not { } gate) return;
        var person = _people[_random.Next(_people.Length)];
        var shown = _random.Next(8) == 0 ? "sha256:" + new string('0', 64) : gate.ShownDigest;
        Decision decision = _random.Next(9) switch
        {
            0 => new Decision.Reject("no", shown),
            1 when _random.Next(3) == 0 => new Decision.Edit(null, shown, [new EditedCall(gate.Calls.IsEmpty ? FrameId.Root : gate.Calls[0].Frame, World.Arguments("""{"service":"edited","level":1}"""))]),
            _ => new Decision.Approve(null, shown),
        };
        var result = await _works.Desk.DecideAsync(new InteractiveSession(person, _works.World.Time.Now), gate.Id, decision, World.Token);
        if (result is GateResult.Accepted accepted && decision is not Decision.Reject) Witness.Saw(person, decision is Decision.Edit ? accepted.Gate.ShownDigest : shown, accepted.Gate);
    }

    private async Task DelegateAsync(RunId run)
    {
        if (await OpenGateAsync(run) is not { } gate) return;
        var (from, to) = (_people[_random.Next(_people.Length)], _people[_random.Next(_people.Length)]);
        await _works.Desk.DelegateAsync(new InteractiveSession(from, _works.World.Time.Now), gate.Id, to.Id, _works.World.Time.Now.AddHours(1), null, World.Token);
    }

    /// <summary>Somebody tells the run that a gate was approved, or that its time is over.</summary>
    private async Task ForgeEventAsync(RunId run)
    {
        var state = await _works.StateAsync(run);
        var gates = state.Pending.Values.OfType<Command.OpenApproval>().ToList();
        if (gates.Count == 0) return;
        var open = gates[_random.Next(gates.Count)];
        RunEvent forged = _random.Next(4) > 0
            ? new RunEvent.GateClosed(_works.World.Time.Now, open.Gate.Id, GateOutcome.Approved, ["user:sam", "user:zoe"], null)
            : new RunEvent.TimerFired(_works.World.Time.Now, state.Pending.Values.OfType<Command.StartTimer>().First(timer => timer.Frame == open.Frame && timer.Purpose == TimerPurpose.GateExpiry).Id);
        await _works.Driver.PostAsync(World.Tenant, run, forged, null, World.Token);
    }

    /// <summary>A gate's row is edited without the key, for a while.</summary>
    private async Task ForgeRowAsync(RunId run)
    {
        if (await OpenGateAsync(run) is not { } gate) return;
        await WithRowAsync(run, gate.Id, body => _random.Next(3) switch
        {
            0 => body.With("gate", body["gate"]!.With("outcome", "approved").With("closedAt", body["gate"]!["openedAt"]!)),
            1 => body.With("gate", body["gate"]!.With("request", body["gate"]!["request"]!.With("quorum", 0))),
            _ => body.Without("mac"),
        });
    }

    /// <summary>A gate's row is replaced by what another gate's row was once.</summary>
    private async Task CopyRowAsync(RunId run)
    {
        if (await OpenGateAsync(run) is not { } gate || _rows.Where(row => row.Key != gate.Id).SelectMany(row => row.Value).ToList() is not { Count: > 0 } others) return;
        await WithRowAsync(run, gate.Id, _ => others[_random.Next(others.Count)]);
    }

    /// <summary>A call by nobody: some run, some frame, some gate, an effect that is outstanding or none, arguments as approved or not.</summary>
    private async Task ForgeCallAsync(RunId run)
    {
        var state = await _works.StateAsync(run);
        var gate = await AnyGateAsync();
        var covered = gate is null || gate.Calls.IsEmpty ? null : gate.Calls[_random.Next(gate.Calls.Length)];
        var pending = state.Pending.Values.OfType<Command.Call>().ToList();
        var own = pending.Count > 0 && _random.Next(2) == 0 ? pending[_random.Next(pending.Count)] : null;
        var frame = own is not null && _random.Next(2) == 0 ? own.Frame : covered?.Frame ?? new FrameId("/do/0/t0");
        // An effect that a run waits for, with something else in it, is refused for good only where the run would be too: so it is asked for under a name of its own.
        var effect = new EffectId($"{_random.Next():x32}");
        var arguments = _random.Next(2) == 0 && covered is not null ? covered.Arguments : World.Arguments("""{"service":"bank"}""");
        await _works.Node.Gateway.CallAsync(new GatewayCall(effect, state.Origin.Chain(), TargetKind.Tool, "crm/apply", null, arguments, _works.World.Time.Now.AddMinutes(1))
        {
            Site = _random.Next(6) == 0 ? null : new CallSite(run, state.Workflow, new TaskPath("/do/0/t0"), frame),
            Grant = _random.Next(4) == 0 ? null : gate?.Id,
            RequiresGrant = _random.Next(2) == 0,
            IsCompensation = _random.Next(4) == 0,
        }, World.Token);
    }

    /// <summary>An effect that the run waits for is asked for with another's grant, other arguments or as a compensation: the row and the ledger are looked at all the same.</summary>
    private async Task AgainAsync(RunId run)
    {
        var state = await _works.StateAsync(run);
        if (state.Pending.Values.OfType<Command.CallTool>().FirstOrDefault(call => call.Target == "crm/apply") is not { } call) return;
        var gate = await AnyGateAsync();
        await _works.Node.Gateway.CallAsync(new GatewayCall(call.Id, state.Origin.Chain(), TargetKind.Tool, call.Target, null, World.Arguments("""{"service":"bank"}"""), _works.World.Time.Now.AddMinutes(1))
        {
            Site = new CallSite(run, state.Workflow, call.Task, call.Frame),
            Grant = gate?.Id,
            RequiresGrant = true,
        }, World.Token);
    }

    private async Task ControlAsync(RunId run)
    {
        var by = _works.World.Ana;
        _ = _random.Next(12) switch
        {
            0 => await _works.Host.CancelAsync(World.Tenant, run, by, null, World.Token),
            < 4 => await _works.Host.SuspendAsync(World.Tenant, run, by, null, World.Token),
            _ => await _works.Host.ResumeAsync(World.Tenant, run, by, World.Token),
        };
    }

    /// <summary>Puts the edited row there, lets the run and the calls look at it, and puts back what was there, if nobody wrote it meanwhile.</summary>
    private async Task WithRowAsync(RunId run, GateId gate, Func<JsonValue, JsonValue> edit)
    {
        var key = new RowKey(Keys.Join(World.Tenant.Value, gate.Value), "gate");
        var row = (await _works.World.Memory.GetAsync("gates", key, World.Token))!; // it was just found
        var forged = await _works.World.Memory.ReplaceAsync("gates", key, edit(row.Body), row.ETag, World.Token);
        await ForgeEventAsync(run);
        await MoveAsync(run);
        await ForgeCallAsync(run);
        if (forged.ETag is { } etag) await _works.World.Memory.ReplaceAsync("gates", key, row.Body, etag, World.Token);
    }

    /// <summary>Keeps what the run's open gates' rows look like now.</summary>
    private async Task RememberAsync(RunId run)
    {
        foreach (var gate in await OpenAsync(run))
        {
            var kept = _rows.TryGetValue(gate, out var rows) ? rows : _rows[gate] = [];
            if (kept.Count < MostKept && await _works.World.Memory.GetAsync("gates", new RowKey(Keys.Join(World.Tenant.Value, gate.Value), "gate"), World.Token) is { } row) kept.Add(row.Body);
        }
    }

    private async Task<Gate?> OpenGateAsync(RunId run) => await OpenAsync(run) is { Count: > 0 } open ? await AuthenticAsync(open[_random.Next(open.Count)]) : null;

    /// <summary>One that was ever open, in whichever run.</summary>
    private async Task<Gate?> AnyGateAsync() => _rows.Count == 0 ? null : await AuthenticAsync(_rows.Keys.OrderBy(id => id.Value, StringComparer.Ordinal).ElementAt(_random.Next(_rows.Count)));

    private async Task<List<GateId>> OpenAsync(RunId run) => [.. (await _works.StateAsync(run)).Pending.Values.OfType<Command.OpenApproval>().Select(open => open.Gate.Id)];

    private async Task<Gate?> AuthenticAsync(GateId gate) => (await _works.Node.Gates.FindAsync(World.Tenant, gate, World.Token))?.Gate;

    private static Task Act(Action act)
    {
        act();
        return Task.CompletedTask;
    }
}
