using System.Collections.Concurrent;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The routers that this program adds to the library's own. Safe for use by several threads.</summary>
public static class CustomRouters
{
    private static readonly ConcurrentDictionary<string, Func<RouterContext, Router>> Known = [];

    /// <summary>
    /// Makes a router known, before a model that uses it is trained or loaded. A later one of the same name replaces
    /// it.
    /// </summary>
    /// <param name="name">The name that <see cref="CustomRouterOptions.Name"/> gives.</param>
    /// <param name="create">Builds one router; called once for every layer with weights of its own.</param>
    public static void Register(string name, Func<RouterContext, Router> create)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(create);
        Known[name] = create;
    }

    internal static Router Create(CustomRouterOptions options, RouterContext context)
    {
        if (!Known.TryGetValue(options.Name, out var create))
        {
            throw new InvalidOperationException(
                $"The model's router is called '{options.Name}', which this program has not registered; call "
                + $"CustomRouters.Register(\"{options.Name}\", ...) before the model is trained or loaded.");
        }

        return create(context)
            ?? throw new InvalidOperationException($"The function registered for '{options.Name}' built no router.");
    }
}
