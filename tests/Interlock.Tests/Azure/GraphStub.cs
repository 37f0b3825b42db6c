using System.Collections.Concurrent;
using Azure.Core;
using Interlock.Json;
using Interlock.Tests.Identity;
using Interlock.Tests.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Azure;

/// <summary>As much of Microsoft Graph as the directory reads, over loopback: users, memberships in pages of two, app roles and their assignments.</summary>
internal sealed class GraphStub : IAsyncDisposable
{
    public const string ServicePrincipal = "8e881353-1735-45af-af21-ee1344582a4d";
    public const string OtherServicePrincipal = "9b2c0d54-7d1c-4a84-8a3e-4dd3a3c0f111";
    public const string Token = "graph-token";

    private const int PageSize = 2;

    private StubServer? _server;

    public ConcurrentDictionary<string, JsonValue> Users { get; } = new(StringComparer.Ordinal);

    public ConcurrentDictionary<string, List<JsonValue>> Memberships { get; } = new(StringComparer.Ordinal);

    public ConcurrentDictionary<string, List<JsonValue>> Assignments { get; } = new(StringComparer.Ordinal);

    public JsonValue? Application { get; set; } = JsonValue.Object(("id", ServicePrincipal), ("appRoles", JsonValue.Array(
        Role(1, "operator"), Role(2, "admin"), Role(3, "auditor").With("isEnabled", false), Role(4, "event-source"), Role(5, "operator").With("value", JsonValue.Null))));

    /// <summary>Answers instead of the stub while it gives a status.</summary>
    public Func<HttpContext, int?> Fault { get; set; } = _ => null;

    public ConcurrentQueue<string> Asked { get; } = new();

    public Uri Endpoint => new(_server!.Address, "/v1.0/"); // started

    public static string RoleId(int number) => $"00000000-0000-0000-0000-00000000000{number}";

    public static async Task<GraphStub> StartAsync()
    {
        var graph = new GraphStub();
        graph._server = await StubServer.StartAsync((context, _) => graph.AnswerAsync(context));
        graph.AddUser(EntraTokens.Ana, "Ana");
        return graph;
    }

    public void AddUser(string id, string name, string type = "Member", bool enabled = true) =>
        Users[id] = JsonValue.Object(("id", id), ("displayName", name), ("accountEnabled", enabled), ("userType", type));

    public void AddMembership(string user, string id, string type = "group") =>
        Memberships.GetOrAdd(user, _ => []).Add(JsonValue.Object(("@odata.type", "#microsoft.graph." + type), ("id", id)));

    public void Assign(string user, int role, string servicePrincipal = ServicePrincipal) =>
        Assignments.GetOrAdd(user, _ => []).Add(JsonValue.Object(("appRoleId", RoleId(role)), ("resourceId", servicePrincipal)));

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static JsonValue Role(int number, string value) => JsonValue.Object(("id", RoleId(number)), ("value", value), ("isEnabled", true));

    private Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!; // a request has one
        Asked.Enqueue(path + context.Request.QueryString);
        if (Fault(context) is { } status) return StatusAsync(context, status);
        if (context.Request.Headers.Authorization != "Bearer " + Token) return StatusAsync(context, 401);
        if (path == $"/v1.0/servicePrincipals(appId='{EntraTokens.ApiApp}')") return ObjectAsync(context, Application);
        if (!path.StartsWith("/v1.0/users/", StringComparison.Ordinal)) return StatusAsync(context, 400);
        var parts = path["/v1.0/users/".Length..].Split('/');
        if (!Users.TryGetValue(parts[0], out var user)) return StatusAsync(context, 404);
        return parts.Length == 1 ? ObjectAsync(context, user) : PageAsync(context, (parts[1] == "transitiveMemberOf" ? Memberships : Assignments).GetValueOrDefault(parts[0]) ?? []);
    }

    private static Task PageAsync(HttpContext context, List<JsonValue> items)
    {
        var from = int.TryParse(context.Request.Query["$skiptoken"], out var skip) ? skip : 0;
        var answer = JsonValue.Object(("value", JsonValue.Array(items.Skip(from).Take(PageSize))));
        if (from + PageSize < items.Count)
            answer = answer.With("@odata.nextLink", $"http://{context.Request.Host}{context.Request.Path}?$skiptoken={from + PageSize}");
        return ObjectAsync(context, answer);
    }

    private static Task ObjectAsync(HttpContext context, JsonValue? value) => value is null ? StatusAsync(context, 404) : context.Response.WriteAsync(value.ToString());

    private static Task StatusAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync("""{"error":{"code":"x","message":"y"}}""");
    }

    /// <summary>The app's identity; says for what it was asked.</summary>
    public sealed class Credential : TokenCredential
    {
        public string[] Scopes { get; private set; } = [];

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Scopes = requestContext.Scopes;
            return new AccessToken(Token, DateTimeOffset.MaxValue);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            ValueTask.FromResult(GetToken(requestContext, cancellationToken));
    }
}
