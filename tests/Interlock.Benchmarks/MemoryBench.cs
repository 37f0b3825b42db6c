using Interlock.Core.Runs;

namespace Interlock.Benchmarks;

/// <summary>What a run of 10,000 loop passes allocates, holds and stores.</summary>
internal static class MemoryBench
{
    private const int Length = 10_000;
    private const int EventsBetween = 1_000;

    public static IEnumerable<Table> Run()
    {
        var table = new Table(
            $"Memory: runs of {Length:#,0}", "run", "allocated", "live at most", "largest state as JSON", "events as JSON");
        foreach (var (name, of, _) in Runs.Kinds.Where(kind => kind.Longest >= Length))
        {
            var definition = of(Length);
            var allocated = Measure.Allocated(() => Runs.Fold(definition, Length));
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var (live, largest, events) = (0L, 0L, 0L);
            Runs.Fold(definition, Length, (happened, state) =>
            {
                events += RunJson.Serialize(happened).Length;
                if (state.Events % EventsBetween != 1) return;
                largest = Math.Max(largest, RunJson.Serialize(state).Length);
                live = Math.Max(live, GC.GetTotalMemory(forceFullCollection: true) - before);
                GC.KeepAlive(state);
            });
            table.Add(name, Measure.Bytes(allocated), Measure.Bytes(live), Measure.Bytes(largest), Measure.Bytes(events));
        }
        yield return table;
    }
}
