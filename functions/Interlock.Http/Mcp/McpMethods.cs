using System.Collections.Frozen;

namespace Interlock.Http.Mcp;

/// <summary>The methods of one server, by name.</summary>
public sealed class McpMethods(IEnumerable<IMcpMethod> methods)
{
    private readonly FrozenDictionary<string, IMcpMethod> _methods = methods.ToFrozenDictionary(method => method.Name, StringComparer.Ordinal);

    internal IMcpMethod? Find(string name, bool isNewest) => _methods.TryGetValue(name, out var method) && (isNewest || !method.IsNew) ? method : null;
}
