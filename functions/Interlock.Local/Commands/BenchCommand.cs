using System.CommandLine;
using Interlock.Local.Bench;

namespace Interlock.Local.Commands;

/// <summary>
/// <c>interlock bench gateway</c>: what Interlock costs beside calling a server directly, and beside other gateways; exit 1 when any answer was wrong. The servers that it
/// measures are this program again, by the hidden <c>interlock bench role</c>.
/// </summary>
internal static class BenchCommand
{
    private const string Tools = ".tools/bench";

    public static Command Create() => new("bench", "Measure Interlock on this machine.") { Gateway(), Role() };

    private static Command Gateway()
    {
        var seconds = new Option<double>("--seconds") { Description = "How long each measurement lasts.", DefaultValueFactory = _ => 3 };
        var rounds = new Option<int>("--rounds") { Description = "How often everything is measured, in turn.", DefaultValueFactory = _ => 5 };
        var payload = new Option<int>("--payload") { Description = "The bytes of text that each call sends and gets back.", DefaultValueFactory = _ => 200 };
        var data = new Option<string?>("--data") { Description = "Where to make the durable gateway's data directory: the disk to measure (default: the temporary directory)." };
        var json = new Option<string?>("--json") { Description = "Write the figures to this file too." };
        var only = new Option<string?>("--only") { Description = "Only the targets whose names hold this, and the direct ones." };
        var npm = new Option<string?>("--npm") { Description = "A folder whose node_modules hold mcp-proxy, supergateway and @modelcontextprotocol/sdk, to measure those too (default: .tools/bench where it is)." };
        var warmUp = new Option<double>("--warm-up") { Description = "How long each target is called before it is measured.", DefaultValueFactory = _ => 8 };
        var connect = new Option<int>("--connect") { Description = "Also register so many upstreams and call each after a restart (60)." };
        var ramp = new Option<int>("--ramp") { Description = "Also ramp up so many clients and see what each costs (3000)." };
        var command = new Command("gateway", "The gateway: direct, a bare forwarder, Interlock in memory and durable, and others.") { seconds, rounds, payload, data, json, only, npm, warmUp, connect, ramp };
        Within(seconds, 0.1, 600);
        Within(rounds, 1, 1000);
        Within(payload, 9, 100_000);
        Within(warmUp, 0.1, 600);
        Within(connect, 0, 500);
        Within(ramp, 0, 10_000);
        command.SetAction(async (parsed, cancellation) =>
        {
            var options = new BenchOptions(parsed.GetValue(rounds), parsed.GetValue(seconds), parsed.GetValue(payload))
            {
                DataDirectory = parsed.GetValue(data),
                Only = parsed.GetValue(only),
                Npm = parsed.GetValue(npm) ?? (Directory.Exists(Tools) ? Tools : null),
                WarmUp = parsed.GetValue(warmUp),
                Connect = parsed.GetValue(connect),
                Ramp = parsed.GetValue(ramp),
            };
            var report = await new GatewayBench(options, Console.Error).RunAsync(cancellation);
            Console.Write(report.ToTable());
            if (parsed.GetValue(json) is { } file)
            {
                await using var writer = new StreamWriter(file);
                Output.Json(writer, report.ToJson());
            }
            return Output.Ok;
        });
        return command;
    }

    private static void Within<T>(Option<T> option, T least, T most)
        where T : IComparable<T> =>
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<T>() is not { } value || value.CompareTo(least) < 0 || value.CompareTo(most) > 0) result.AddError($"{option.Name} is {least} to {most}.");
        });

    private static Command Role()
    {
        var ports = new Option<int>("--ports") { DefaultValueFactory = _ => 1 };
        var echo = new Command(BenchRole.Echo) { ports };
        echo.SetAction((parsed, cancellation) => BenchRole.EchoAsync(parsed.GetValue(ports), cancellation));

        var upstream = new Option<string>("--upstream") { Required = true };
        var forward = new Command(BenchRole.Forward) { upstream };
        forward.SetAction((parsed, cancellation) => BenchRole.ForwardAsync(new Uri(parsed.GetRequiredValue(upstream)), cancellation));

        var data = new Option<string>("--data") { Required = true };
        var inMemory = new Option<bool>("--in-memory");
        var upstreams = new Option<string[]>("--upstream");
        var gateway = new Command(BenchRole.Gateway) { data, inMemory, upstreams };
        gateway.SetAction((parsed, cancellation) => BenchRole.GatewayAsync(parsed.GetRequiredValue(data), parsed.GetValue(inMemory), [.. (parsed.GetValue(upstreams) ?? []).Select(url => new Uri(url))], cancellation));

        return new Command("role", "One of the benchmark's servers.") { echo, forward, gateway }.Hide();
    }

    private static Command Hide(this Command command)
    {
        command.Hidden = true;
        return command;
    }
}
