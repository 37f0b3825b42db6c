using Interlock.Samples.DemoServers;

var urls = args.SkipWhile(arg => arg != "--urls").Skip(1).FirstOrDefault() ?? "http://127.0.0.1:7410";
await using var servers = await DemoServers.StartAsync(new DemoServersOptions { Url = urls });
Console.WriteLine($"""
    ticketing    {servers.Ticketing}
    monitoring   {servers.Monitoring}
    remediation  {servers.Remediation}
    chat         {servers.Chat}
    classifier   {servers.Classifier}
    models       {servers.Models}
    """);
await servers.WaitForShutdownAsync();
