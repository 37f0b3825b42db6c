using System.Globalization;
using Interlock.Json;

namespace Interlock.Local.Bench;

/// <summary>
/// Many clients, each another person with a connection of its own, come one after the other and stay; then all call again and again. Said is what the durable gateway
/// holds for each: of its managed heap after a full collection, and of resident memory. Once all are there neither may grow with the calls.
/// </summary>
internal sealed class RampBench(int clients, string directory)
{
    private const int Threads = 16;
    private const int Rounds = 5;

    public async Task<JsonValue> RunAsync(CancellationToken cancellationToken)
    {
        await using var echo = await BenchProcess.OwnAsync("the echo server", [BenchRole.Echo], cancellationToken);
        await using var gateway = await BenchProcess.OwnAsync(
            "Interlock", [BenchRole.Gateway, "--data", Path.Combine(directory, "ramp"), "--upstream", new Uri(new Uri(echo.Ready[0]), EchoServer.JsonPath).ToString()], cancellationToken);
        var tokens = (await gateway.AskAsync($"tokens {clients.ToString(CultureInfo.InvariantCulture)}", cancellationToken)).Split(' ');
        var target = new BenchTarget("Interlock, durable", new Uri(gateway.Ready[0]), $"{BenchGateway.ServerName(0)}__{EchoServer.Tool}", gateway, "direct") { Tokens = tokens };
        Measurement.Take(target with { Tokens = [tokens[0]] }, Threads, seconds: 2, payload: 9); // what the first calls need is nobody's share
        var all = Enumerable.Range(0, clients).Select(i => new LoadClient(target, target.TokenOf(i), payload: 9)).ToList();
        try
        {
            var before = await MemoryAsync(gateway, cancellationToken);
            Each(all, client => client.Open());
            Each(all, client => client.Call());
            var after = await MemoryAsync(gateway, cancellationToken);
            var later = new List<(double Heap, double Resident)>();
            for (var round = 0; round < Rounds; round++)
            {
                Each(all, client => client.Call());
                later.Add(await MemoryAsync(gateway, cancellationToken));
            }
            return JsonValue.Object(
                ("clients", clients), ("heapBefore", before.Heap), ("heapAfter", after.Heap), ("heapPerClient", (after.Heap - before.Heap) / clients),
                ("residentBefore", before.Resident), ("residentAfter", after.Resident), ("residentPerClient", (after.Resident - before.Resident) / clients),
                ("rounds", JsonValue.Array(later.Select(memory => JsonValue.Object(("heap", memory.Heap), ("resident", memory.Resident))))),
                ("heapPerClientAndLaterCall", (later[^1].Heap - after.Heap) / clients / Rounds));
        }
        finally
        {
            foreach (var client in all) client.Dispose();
        }
    }

    public static string Line(JsonValue result)
    {
        return $"{result["clients"]} clients: heap {Mb("heapBefore")} MB before, {Mb("heapAfter")} MB with all of them ({Kb("heapPerClient")} KB each), after {Rounds} more calls of each {Of("heap")} MB; "
            + $"resident {Mb("residentBefore")}, {Mb("residentAfter")} ({Kb("residentPerClient")} KB each), {Of("resident")} MB";

        string Mb(string name) => (result[name]!.AsNumber() / 1e6).ToString("0.0", CultureInfo.InvariantCulture); // just written, as what follows
        string Kb(string name) => (result[name]!.AsNumber() / 1e3).ToString("0.0", CultureInfo.InvariantCulture);
        string Of(string name) => string.Join(", ", result["rounds"]!.Items.Select(round => (round[name]!.AsNumber() / 1e6).ToString("0.0", CultureInfo.InvariantCulture)));
    }

    private static async Task<(double Heap, double Resident)> MemoryAsync(BenchProcess gateway, CancellationToken cancellationToken)
    {
        var heap = await gateway.AskAsync(BenchRole.HeapQuestion, cancellationToken);
        return (double.Parse(heap, CultureInfo.InvariantCulture), gateway.Memory);
    }

    /// <summary>Does it with every client, so many at a time as there are threads.</summary>
    private static void Each(List<LoadClient> clients, Action<LoadClient> act)
    {
        var failures = new Exception?[Threads];
        var threads = Enumerable.Range(0, Threads).Select(i => new Thread(() =>
        {
            try
            {
                for (var client = i; client < clients.Count; client += Threads) act(clients[client]);
            }
            catch (BenchException e)
            {
                failures[i] = e;
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        if (failures.FirstOrDefault(failure => failure is not null) is { } first) throw new BenchException(first.Message, first);
    }
}
