using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>How the active servers stand with the process that answers.</summary>
internal static class ServersApi
{
    public static async Task<ApiResult> ListAsync(ApiRequest request)
    {
        var registry = await request.Web.Registry.ReadAsync(request.Caller.Tenant, request.Aborted);
        var servers = registry.OfKind(RegistryKind.Server).Select(entry => entry.Name).Distinct().Order(StringComparer.Ordinal)
            .Select(name => registry.Newest(RegistryKind.Server, name)).OfType<RegistryEntry>()
            .Select(entry => Server(entry, request.Web.Gateway.Routes.Of(request.Caller.Tenant, entry.As<ServerBody>())));
        return ApiResult.Ok(JsonValue.Object(("servers", JsonValue.Array(servers))));
    }

    private static JsonValue Server(RegistryEntry entry, IReadOnlyList<RouteState> routes)
    {
        var used = routes.Where(route => entry.PassedOver?.Contains(route.Address) != true).ToList();
        var json = JsonValue.Object(
            ("name", entry.Name), ("version", entry.Version), ("available", used.Exists(route => route.IsAvailable)),
            ("addresses", Addresses(entry, routes)));
        return used.Exists(route => route.IsAvailable) ? json : json.With("reason", used.Select(route => route.LastFailure).FirstOrDefault(failure => failure is not null)?.Title ?? "No address takes calls");
    }

    public static JsonValue Addresses(RegistryEntry entry, IEnumerable<RouteState> routes) => JsonValue.Array(routes.Select(route => Address(entry, route)));

    private static JsonValue Address(RegistryEntry entry, RouteState route)
    {
        var json = JsonValue.Object(
            ("address", UpstreamAddress.Shown(route.Address)),
            ("health", route.IsUp switch { null => "unknown", true => "up", false => "down" }),
            ("circuit", route.Circuit switch { CircuitPhase.Closed => "closed", CircuitPhase.Open => "open", _ => "half-open" }),
            ("outstanding", route.Outstanding),
            ("queued", route.Queued),
            ("passedOver", entry.PassedOver?.Contains(route.Address) == true));
        if (route.CheckedAt is { } at) json = json.With("checkedAt", Views.Time(at));
        return route.LastFailure is { } failure
            ? json.With("lastFailure", JsonValue.Object(("at", Views.Time(failure.At)), ("title", failure.Title), ("detail", failure.Detail ?? JsonValue.Null)))
            : json;
    }
}
