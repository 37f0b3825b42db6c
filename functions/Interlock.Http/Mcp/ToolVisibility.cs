using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>Whether a caller gets to see a tool: unless policy refuses it whatever the arguments are. Seeing is no permission: each call is decided on its own.</summary>
internal static class ToolVisibility
{
    public static bool IsVisible(PolicySet policies, ActorChain chain, RegistryEntry tool, DateTimeOffset now) =>
        PolicyEngine.RefuseAlways(policies, new PolicyRequest(chain, TargetKind.Tool, tool.Name, tool.Digest, JsonValue.EmptyObject, now)) is null;
}
