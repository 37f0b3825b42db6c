using System.Text;
using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Runs;

namespace Interlock.Tests.Execution;

/// <summary>The interpreter's golden runs, moved on through the store: the same states, event by event, and the same effects.</summary>
public sealed class GoldenStoredRunTests
{
    /// <summary>All but one, whose script lets a timer wait that is due: no host does.</summary>
    public static TheoryData<string> Cases => [.. GoldenScripts.All.Keys.Where(name => name != "timeouts").Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_golden_run_has_the_recorded_states_in_the_store(string name)
    {
        var golden = GoldenRun.Read(name);
        var rig = new StoredRig();
        var calls = new Dictionary<string, Task<RunPlan?>>();
        await rig.StartAsync(golden.Definition, golden.Started);
        await LookAsync(rig, golden, calls);
        for (var i = 1; i < golden.Events.Count; i++)
        {
            await HappenAsync(rig, golden, golden.Events[i], calls);
            await LookAsync(rig, golden, calls);
            AssertState(golden, i, await rig.StateAsync(golden.Started));
        }
        Assert.True((await rig.Driver.AdvanceAsync(golden.Started.Tenant, golden.Started.Run, default, StoredRig.Token))!.IsOver); // it was stored
        Assert.Equal(golden.Events.Count, (await rig.EventsAsync(golden.Started)).Count);
        Assert.Equal(rig.Commands.Called.Distinct(), rig.Commands.Called);
    }

    /// <summary>Starts what is outstanding, as a scheduler does.</summary>
    private static async Task LookAsync(StoredRig rig, GoldenRun golden, Dictionary<string, Task<RunPlan?>> calls)
    {
        var (tenant, run) = (golden.Started.Tenant, golden.Started.Run);
        var plan = await rig.Driver.AdvanceAsync(tenant, run, default, StoredRig.Token);
        foreach (var effect in plan!.Calls) // it was stored
            if (!calls.ContainsKey(effect)) calls.Add(effect, rig.Driver.CallAsync(tenant, run, new EffectId(effect), StoredRig.Token));
    }

    private static async Task HappenAsync(StoredRig rig, GoldenRun golden, RunEvent happened, Dictionary<string, Task<RunPlan?>> calls)
    {
        rig.Time.Now = happened.At;
        switch (happened)
        {
            case RunEvent.EffectCompleted { Effect: var effect } when calls.TryGetValue(effect.Value, out var call):
                rig.Commands.Release(happened);
                await call;
                break;
            case RunEvent.EffectFailed { Effect: var effect } when calls.TryGetValue(effect.Value, out var call):
                rig.Commands.Release(happened);
                await call;
                break;
            case RunEvent.GateClosed:
                rig.Commands.Release(happened);
                break;
            case RunEvent.TimerFired:
                break;
            default:
                await rig.Driver.PostAsync(golden.Started.Tenant, golden.Started.Run, happened, null, StoredRig.Token);
                break;
        }
    }

    /// <summary>But for the order of members: the document is stored in canonical form.</summary>
    internal static void AssertState(GoldenRun golden, int index, RunState state)
    {
        var (expected, actual) = (Canonical(golden.States[index]), Canonical(RunHarness.Json(state)));
        Assert.True(expected == actual, $"{golden.Name}, event {index + 1} ({golden.Events[index].GetType().Name}), expected\n{expected}\nbut it is\n{actual}");
    }

    private static string Canonical(string json) => Encoding.UTF8.GetString(CanonicalJson.Serialize(StrictJson.ParseLenient(json)));
}
