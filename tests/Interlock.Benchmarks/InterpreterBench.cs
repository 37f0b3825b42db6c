using System.Diagnostics;
using Interlock.Core.Workflows;

namespace Interlock.Benchmarks;

/// <summary>Steps of the interpreter per second, without I/O, for runs of growing length: the cost of a step must not grow with them.</summary>
internal static class InterpreterBench
{
    private static readonly int[] Lengths = [100, 1_000, 10_000, 100_000];

    public static IEnumerable<Table> Run()
    {
        var rates = new Table("Interpreter: steps per processor second by the length of the run", ["run", .. Lengths.Select(length => $"{length:#,0}"), "100 / longest"]);
        var reading = new Table("Reading the documents of that length: milliseconds", ["run", .. Lengths.Select(length => $"{length:#,0}")]);
        foreach (var (name, of, longest) in Runs.Kinds)
        {
            var found = Lengths.Select(length => length > longest ? null : Rates(of, length)).ToList();
            var last = found.Last(rate => rate is not null)!.Value; // there is one of 100
            rates.Add([name, .. found.Select(rate => rate is { } one ? Measure.Text(one.Steps) : "–"), Measure.Text(found[0]!.Value.Steps / last.Steps)]); // as above
            reading.Add([name, .. found.Select(rate => rate is { } one ? Measure.Text(one.ReadMs) : "–")]);
        }
        yield return rates;
        yield return reading;
    }

    /// <summary>Short runs are folded many times, so that each figure is over a like amount of work.</summary>
    private static (double Steps, double ReadMs)? Rates(Func<int, WorkflowDefinition> of, int length)
    {
        of(length);
        var began = Stopwatch.GetTimestamp();
        var definition = of(length);
        var readMs = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        var times = Math.Max(1, 20_000 / length);
        var steps = Runs.Fold(definition, length).Steps;
        var seconds = Measure.Seconds(() =>
        {
            for (var i = 0; i < times; i++) Runs.Fold(definition, length);
        });
        return (steps * times / seconds, readMs);
    }
}
