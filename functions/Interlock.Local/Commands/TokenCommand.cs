using System.CommandLine;
using Interlock.Core.Identity;
using Interlock.Local.Hosting;

namespace Interlock.Local.Commands;

/// <summary><c>interlock token --as USER --for mcp|api --data DIR</c>: a token of the local issuer on stdout.</summary>
internal static class TokenCommand
{
    private static readonly TimeSpan DefaultLifetime = TimeSpan.FromHours(8);

    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "The data directory.", Required = true };
        var user = new Option<string>("--as") { Description = "The user, or app:NAME for an application that delivers events.", Required = true };
        var face = new Option<string>("--for") { Description = "Which face it opens: mcp or api.", DefaultValueFactory = _ => "api" };
        var hours = new Option<double>("--hours") { Description = "How long it is valid.", DefaultValueFactory = _ => DefaultLifetime.TotalHours };
        var tools = new Option<string[]>("--tools") { Description = "Only for the tools that these patterns name, such as 'crm/*'; of --for mcp." };
        var command = new Command("token", "Issue a bearer token for a local user.") { data, user, face, hours, tools };
        face.AcceptOnlyFromAmong("mcp", "api");
        command.SetAction(parsed => Issue(
            parsed.GetRequiredValue(data), parsed.GetRequiredValue(user), parsed.GetValue(face) == "mcp" ? TokenClass.Mcp : TokenClass.Api, TimeSpan.FromHours(parsed.GetValue(hours)), parsed.GetValue(tools) ?? []));
        return command;
    }

    private static int Issue(string data, string subject, TokenClass face, TimeSpan lifetime, IReadOnlyList<string> tools)
    {
        var scope = tools.Count == 0 ? null : TokenScope.Of(tools);
        if (tools.Count > 0 && (scope is null || face != TokenClass.Mcp))
        {
            Console.Error.WriteLine("--tools takes patterns server/tool, and goes with --for mcp.");
            return Output.Usage;
        }
        if (Find(data, subject) is not { } principal)
        {
            Console.Error.WriteLine($"There is no user '{Output.Plain(subject)}' in {data}; 'interlock serve' creates the first one.");
            return Output.Failed;
        }
        if (lifetime <= TimeSpan.Zero || lifetime > TimeSpan.FromDays(366))
        {
            Console.Error.WriteLine("--hours is more than 0 and at most 8784.");
            return Output.Usage;
        }
        using var keys = LocalKeys.Open(data, TimeProvider.System);
        Console.WriteLine(keys.Issuer.Issue(new LocalTokenRequest(principal, face, lifetime) { Scope = scope }));
        return Output.Ok;
    }

    private static Principal? Find(string data, string subject)
    {
        var tenant = new Core.TenantId(LocalOptions.Tenant);
        return subject.StartsWith("app:", StringComparison.Ordinal)
            ? new Principal(tenant, subject["app:".Length..], PrincipalKind.Application, subject, [], ["event-source"])
            : LocalUsers.Load(data).Find(tenant, subject)?.ToPrincipal(tenant);
    }
}
