# What is installed where, and the Debian package made of it.
include(GNUInstallDirs)
set(share ${CMAKE_INSTALL_DATADIR}/mixed_state_exporter)
set(doc ${CMAKE_INSTALL_DATADIR}/doc/mixed-state-exporter)  # Debian's name of the package: no underscore

install(TARGETS mixed_state_exporter RUNTIME)
install(FILES deploy/config.schema.json DESTINATION ${share})
install(DIRECTORY deploy/examples DESTINATION ${share})
install(DIRECTORY rules DESTINATION ${share}
        PATTERN tests EXCLUDE PATTERN shorten EXCLUDE PATTERN generate EXCLUDE)
if(EXISTS ${CMAKE_SOURCE_DIR}/dashboards)
  install(DIRECTORY dashboards DESTINATION ${share}
          FILES_MATCHING PATTERN *.json PATTERN *.md PATTERN source EXCLUDE)
endif()
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${doc})

install(FILES deploy/systemd/mixed_state_exporter.service DESTINATION lib/systemd/system)
install(FILES deploy/systemd/mixed_state_exporter.sysusers DESTINATION lib/sysusers.d RENAME mixed_state_exporter.conf)

# Of the package alone: `cmake --install` leaves /etc to the administrator.
macro(install_for_debian file directory name)
  install(FILES deploy/debian/${file} DESTINATION ${directory} RENAME ${name} COMPONENT debian EXCLUDE_FROM_ALL)
endmacro()
install_for_debian(mixed_state.yml /etc/mixed_state_exporter mixed_state.yml)
install_for_debian(default /etc/default mixed_state_exporter)
install_for_debian(copyright ${doc} copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_INSTALL_CMAKE_PROJECTS
    "${CMAKE_BINARY_DIR};${PROJECT_NAME};ALL;/" "${CMAKE_BINARY_DIR};${PROJECT_NAME};debian;/")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME mixed-state-exporter)
set(CPACK_PACKAGE_CONTACT "The maintainers of mixed_state_exporter <maintainers@mixed-state-exporter.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Prometheus exporter of mixed states")
set(CPACK_PACKAGE_DESCRIPTION
"Compares the nodes of a service and tells Prometheus, people and pipelines
which of them hold another state than the rest: another schema, configuration,
software version, access policy or replica position, since when, in what, and
how much traffic they serve.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers, tzdata")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus, prometheus-alertmanager")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA conffiles postinst prerm postrm)
list(TRANSFORM CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA PREPEND ${CMAKE_SOURCE_DIR}/deploy/debian/)
include(CPack)
